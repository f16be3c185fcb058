import { matches } from '../../../src/domain/filter/match';
import { parseFilter } from '../../../src/domain/filter/parser';
import { type ScimObject } from '../../../src/domain/resource';
import { standardSchemas } from '../../../src/domain/standard-schemas';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const schema = standardSchemas.get('User')!;

const user: ScimObject = {
  id: 'u-1',
  userName: 'Kit.Marlow@northmill.example',
  externalId: 'KM-41',
  active: true,
  name: { familyName: 'Marlow', givenName: 'Kit' },
  emails: [
    { value: 'kit@northmill.example', type: 'work', primary: true },
    { value: 'kit@home.example', type: 'home' },
  ],
  [ENTERPRISE]: { department: 'Milling', manager: { value: 'boss' } },
  meta: { lastModified: '2031-02-03T04:05:06.789Z' },
};

test.each<[string, boolean]>([
  ['userName eq "kit.marlow@NORTHMILL.example"', true],
  ['externalId eq "KM-41"', true],
  ['externalId eq "km-41"', false],
  ['externalId ne "km-41"', true],
  ['userName co "marlow"', true],
  ['userName sw "kit"', true],
  ['userName ew ".EXAMPLE"', true],
  ['userName ew "kit"', false],
  ['userName gt "a"', true],
  ['userName lt "a"', false],
  ['name.familyName eq "marlow" and active eq true', true],
  ['name.familyName eq "other" or active eq "True"', true],
  ['active eq "False"', false],
  ['active eq "nonsense"', false],
  ['not (active eq true)', false],
  ['title pr', false],
  ['name pr', true],
  ['emails pr', true],
  ['title eq null', true],
  ['userName eq null', false],
  ['userName ne null', true],
  ['title ne "x"', true],
  ['title eq "x"', false],
  ['emails co "home"', true],
  ['emails.type eq "work"', true],
  ['emails.type ne "work"', false],
  ['emails.type ne "other"', true],
  ['emails[type eq "work"]', true],
  ['emails[type eq "work" and value co "home"]', false],
  ['emails[type eq "home"].value eq "KIT@home.example"', true],
  ['emails[primary eq "True"]', true],
  ['emails[not (primary eq true)]', true],
  ['emails[type ne "work" and type ne "home"]', false],
  ['emails[primary pr]', true],
  [`${ENTERPRISE}:department eq "milling"`, true],
  ['department eq "milling"', true],
  ['manager eq "boss"', true],
  ['manager eq "BOSS"', false],
  [`${ENTERPRISE}:manager.value eq "boss"`, true],
  ['id eq "u-1"', true],
  ['meta.lastModified eq "2031-02-03T05:05:06.7890000+01:00"', true],
  ['meta.lastModified gt "2031-02-03T04:05:06.788Z"', true],
  ['meta.lastModified ge "2032-01-01T00:00:00Z"', false],
  ['meta.lastModified le "2032-01-01T00:00:00Z"', true],
])('%s is %s', (filter, expected) => {
  expect(matches(parseFilter(filter), user, schema)).toBe(expected);
});

test('composed and decomposed characters are equal', () => {
  expect(matches(parseFilter('userName eq "cafe\u0301"'), { userName: 'CAFÉ' }, schema)).toBe(true);
});

test.each([
  'unknown eq "x"',
  'constructor pr',
  'password eq "x"',
  'emails[unknown eq "x"]',
  'active gt true',
  'name gt "x"',
])('%s is refused', (filter) => {
  expect(() => matches(parseFilter(filter), user, schema)).toThrow(
    expect.objectContaining({ code: 'invalidFilter' }),
  );
});

test('names of the prototype are no attributes', () => {
  expect(
    matches(parseFilter('title pr'), Object.create({ title: 'x' }) as ScimObject, schema),
  ).toBe(false);
});
