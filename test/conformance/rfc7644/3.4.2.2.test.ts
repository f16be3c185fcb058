import {
  ENTERPRISE,
  expectError,
  newName,
  RfcClient,
  USER,
  type Shown,
} from '../../support/rfc-client';
import { DEVICES, LEASE } from '../../support/rfc-definitions';

const scim = new RfcClient({ definitions: DEVICES });
const tag = newName();
let kit: Shown;
let group: Shown;
let empty: Shown;

beforeAll(async () => {
  kit = await scim.user({
    externalId: 'Kit-1',
    nickName: tag,
    title: 'Miller',
    name: { givenName: 'Kit', familyName: 'Marlow' },
    emails: [
      { type: 'work', value: 'kit@mill.example', primary: true },
      { type: 'home', value: 'kit@home.example' },
    ],
    x509Certificates: [{ value: 'AAAA' }],
    [ENTERPRISE]: { department: 'Milling', manager: { value: 'm-1' } },
  });
  await scim.user({
    nickName: tag,
    title: 'Baker',
    active: false,
    name: { givenName: 'Rosa' },
    emails: [{ type: 'home', value: 'rosa@mill.example' }],
  });
  group = await scim.group({ displayName: 'Ops', members: [{ value: kit['id'] }] });
  empty = await scim.group({ displayName: 'None' });
});

const find = async (filter: string): Promise<readonly string[]> => {
  const found = await scim.found(`nickName eq "${tag}" and (${filter})`);
  return found.map((id) => (id === kit['id'] ? 'kit' : 'rosa'));
};

it.each<[string, string[]]>([
  ['title eq "miller"', ['kit']],
  ['title ne "miller"', ['rosa']],
  ['title co "ILL"', ['kit']],
  ['title sw "b"', ['rosa']],
  ['title ew "er"', ['kit', 'rosa']],
  ['title gt "baker"', ['kit']],
  ['title ge "baker"', ['kit', 'rosa']],
  ['title lt "miller"', ['rosa']],
  ['title le "baker"', ['rosa']],
  ['name.familyName pr', ['kit']],
  ['meta.created gt "2020-01-01T00:00:00Z"', ['kit', 'rosa']],
  ['meta.created lt "2020-01-01T00:00:00+01:00"', []],
])('7644-3.4.2.2-1 only what matches is returned: %s', async (filter, expected) => {
  expect(await find(filter)).toEqual(expected);
});

it.each(['', ' ', '()', 'userName', 'eq "x"', 'userName eq', '"x" eq userName', 'and userName pr'])(
  '7644-3.4.2.2-2, 7644-3.4.2.2-3 what is no expression is refused: %j',
  async (filter) => {
    expectError(await scim.filter(filter), 400, 'invalidFilter');
  },
);

it.each([
  ['7644-3.4.2.2-4 gt needs an order', 'gt'],
  ['7644-3.4.2.2-5 ge needs an order', 'ge'],
  ['7644-3.4.2.2-6 lt needs an order', 'lt'],
  ['7644-3.4.2.2-7 le needs an order', 'le'],
])('%s', async (_name, operator) => {
  const filters = [
    `active ${operator} true`,
    `emails.primary ${operator} true`,
    `emails[primary ${operator} true]`,
    `x509Certificates.value ${operator} "AAAA"`,
    `x509Certificates[value ${operator} "AAAA"]`,
  ];
  for (const filter of filters) expectError(await scim.filter(filter), 400, 'invalidFilter');
});

it.each<[string, string[]]>([
  ['emails[type eq "work" and value co "@mill"]', ['kit']],
  ['emails[type eq "home" and value co "@mill"]', ['rosa']],
  ['emails.type eq "home" and emails.value co "@mill"', ['kit', 'rosa']],
  ['emails[not (type eq "home")]', ['kit']],
  ['emails[type eq "work" or value sw "rosa"]', ['kit', 'rosa']],
  ['emails[type eq "work"].value eq "kit@mill.example"', ['kit']],
  [`${ENTERPRISE}:manager[value eq "m-1"]`, ['kit']],
])('7644-3.4.2.2-8 brackets are about one value: %s', async (filter, expected) => {
  expect(await find(filter)).toEqual(expected);
});

it('7644-3.4.2.2-8 brackets are about one membership', async () => {
  const groups = (filter: string): Promise<readonly string[]> => scim.found(filter, '/Groups');
  const id = String(kit['id']);
  expect(await groups(`members[value eq "${id}" and type eq "User"]`)).toEqual([group['id']]);
  expect(await groups(`members[value eq "${id}" and type eq "Group"]`)).toEqual([]);
  expect(await groups(`members[value eq "${id}" and value eq "x"]`)).toEqual([]);
  expect(await groups('members pr')).toEqual([group['id']]);
  expect(await groups('not (members pr)')).toEqual([empty['id']]);
  expect(await groups(`members.value ne "${id}"`)).toEqual([empty['id']]);
  expect(await groups('members.type eq "user"')).toEqual([group['id']]);
  expect(await find('groups.display eq "ops"')).toEqual(['kit']);
  expect(await find('groups[display sw "o" and type eq "direct"]')).toEqual(['kit']);
  expect(await find('not (groups pr)')).toEqual(['rosa']);
});

it.each([
  'emails[unknown eq "x"]',
  'emails[]',
  'emails[type]',
  'emails[type eq "x"',
  'title[x pr]',
])('7644-3.4.2.2-9 brackets hold a filter on sub-attributes: %s', async (filter) => {
  expectError(await scim.filter(filter), 400, 'invalidFilter');
});

it.each<[string, string[]]>([
  ['TITLE Eq "Miller"', ['kit']],
  ['title EQ "Miller" AND NOT (active eq false)', ['kit']],
  [`${USER}:title eq "Miller"`, ['kit']],
  [`${USER.toUpperCase()}:NAME.GIVENNAME eq "kit"`, ['kit']],
  [`${ENTERPRISE}:department eq "milling"`, ['kit']],
  [`${ENTERPRISE}:manager.value eq "m-1"`, ['kit']],
  ['(((title eq "Miller")))', ['kit']],
  ['title eq "\\u004diller"', ['kit']],
  ['title eq null', []],
  ['active eq true', ['kit']],
  [`schemas eq "${ENTERPRISE}"`, ['kit']],
  [`schemas ne "${ENTERPRISE}"`, ['rosa']],
  ['schemas ew ":enterprise:2.0:User"', ['kit']],
  ['meta.resourceType ne "Group"', ['kit', 'rosa']],
])('7644-3.4.2.2-10 the grammar is taken: %s', async (filter, expected) => {
  expect(await find(filter)).toEqual(expected);
});

it.each([
  'title eq "x',
  'title eq "x" "y"',
  '(title pr',
  'title pr)',
  'not title pr',
  'title pr and',
])('7644-3.4.2.2-10 what the grammar does not have is refused: %s', async (filter) => {
  expectError(await scim.filter(filter), 400, 'invalidFilter');
});

it.each<[string, string[]]>([
  ['title eq "Miller" or title eq "Baker" and active eq true', ['kit']],
  ['(title eq "Miller" or title eq "Baker") and active eq false', ['rosa']],
  ['not (title eq "Miller") and active eq false or title eq "Miller"', ['kit', 'rosa']],
])('7644-3.4.2.2-11 not before and, and before or: %s', async (filter, expected) => {
  expect(await find(filter)).toEqual(expected);
});

it('7644-3.4.2.2-12 sub-attributes are named with their parent', async () => {
  expect(await find('name.givenName eq "Kit"')).toEqual(['kit']);
  expectError(await scim.filter('givenName eq "Kit"'), 400, 'invalidFilter');
  expectError(await scim.filter('name eq "Kit"'), 400, 'invalidFilter');
});

it('7644-3.4.2.2-13 a default is what it is shown as', async () => {
  expect(kit['active']).toBe(true);
  expect(await find('active eq true')).toEqual(['kit']);
  expect(await find('active pr')).toEqual(['kit', 'rosa']);
});

it('7644-3.4.2.2-14 an unknown operator is refused and named', async () => {
  const answer = await scim.filter('title regex "M.*"');
  expectError(answer, 400, 'invalidFilter');
  expect(answer.body.detail).toContain('regex');
});

it('7644-3.4.2.2-15 caseExact decides whether case counts', async () => {
  expect(await find('externalId eq "Kit-1"')).toEqual(['kit']);
  expect(await find('externalId eq "kit-1"')).toEqual([]);
  expect(await find('emails.value eq "KIT@MILL.EXAMPLE"')).toEqual(['kit']);
  const device = { name: newName(), code: 'AbC', [LEASE]: { lessor: 'x' } };
  const { id } = await scim.created('/Devices', device);
  expect(await scim.found('code sw "Ab"', '/Devices')).toEqual([id]);
  expect(await scim.found('code sw "ab"', '/Devices')).toEqual([]);
});
