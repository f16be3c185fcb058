import { expectError, newName, RfcClient, USER, type Shown } from '../../support/rfc-client';

const scim = new RfcClient();

it('7643-2.4-1 multi-valued attributes with objects as values are complex', async () => {
  const { attributes } = await scim.get(`/Schemas/${USER}`);
  const user = await scim.user({
    emails: [{ value: 'a@x.example' }],
    addresses: [{ country: 'DE' }],
    roles: [{ value: 'r' }],
  });
  for (const { name, type, multiValued } of attributes) {
    const isObject = typeof user[name]?.[0] === 'object';
    if (isObject) expect([name, type, multiValued]).toEqual([name, 'complex', true]);
  }
  expect(typeof user['addresses'][0]).toBe('object');
});

it('7643-2.4-2 the predefined sub-attributes are what the RFC says they are', async () => {
  const { Resources } = await scim.get('/Schemas');
  const types: Record<string, readonly string[]> = {
    type: ['string'],
    primary: ['boolean'],
    display: ['string'],
    value: ['string', 'reference', 'binary'],
    $ref: ['reference'],
  };
  const subAttributes: Shown[] = Resources.filter(({ id }: Shown) => /:(?:User|Group)$/.test(id))
    .flatMap(({ attributes }: Shown) => attributes)
    .filter(({ multiValued }: Shown) => multiValued)
    .flatMap((attribute: Shown) => attribute['subAttributes'] ?? []);
  expect(subAttributes.length).toBeGreaterThan(30);
  for (const { name, type } of subAttributes) {
    if (types[name] !== undefined) expect(types[name]).toContain(type);
  }
});

it('7643-2.4-3 two primary values are refused', async () => {
  const emails = [
    { value: 'a@x.example', primary: true },
    { value: 'b@x.example', primary: true },
  ];
  const body = { userName: newName(), emails };
  expectError(await scim.request('POST', '/Users', body), 400, 'invalidValue');
});

it('7643-2.4-4 a value that does not say so is not the primary one', async () => {
  const title = newName();
  const emails = [{ value: 'a@x.example' }, { value: 'b@x.example', primary: true }];
  const { id } = await scim.user({ title, emails });
  const single = await scim.user({ title, emails: [{ value: 'c@x.example', primary: true }] });
  const none = await scim.user({ title });
  const some = [id];
  expect(await scim.found(`title eq "${title}" and emails[primary eq false]`)).toEqual(some);
  expect(await scim.found(`title eq "${title}" and emails.primary eq false`)).toEqual(some);
  expect(await scim.found(`title eq "${title}" and emails[primary ne true]`)).toEqual(some);
  expect(await scim.found(`title eq "${title}" and emails[not (primary eq false)]`)).toEqual([
    id,
    single['id'],
  ]);
  expect(await scim.found(`title eq "${title}" and emails.primary ne false`)).toEqual([
    single['id'],
    none['id'],
  ]);
  const { emails: left } = await scim.patched(id, {
    op: 'remove',
    path: 'emails[primary eq false]',
  });
  expect(left).toEqual([{ value: 'b@x.example', primary: true }]);
});

it.each(['/scim/v1/Users/ID', '/scim/Users/ID', '/scim/v2/Users/ID'])(
  '7643-2.4-5 the version in the URI of a resource makes no difference: %s',
  async (template) => {
    const { id } = await scim.user();
    const $ref = `${new URL(scim.server.url).origin}${template.replace('ID', id)}`;
    const { members } = await scim.group({ members: [{ $ref }] });
    expect(members.map(({ value }: Shown) => value)).toEqual([id]);
  },
);
