import { ENTERPRISE, GROUP, newName, RfcClient, USER, type Shown } from '../../support/rfc-client';

const scim = new RfcClient();

it('7643-3-1, 7643-3-2 schemas names the schemas in use', async () => {
  expect((await scim.user())['schemas']).toEqual([USER]);
  expect((await scim.group())['schemas']).toEqual([GROUP]);
  const enterprise = await scim.user({ [ENTERPRISE]: { department: 'x' } });
  expect(enterprise['schemas'].sort()).toEqual([USER, ENTERPRISE].sort());
});

it('7643-3-3, 7643-3-4 schemas has what the resource type has, and nothing twice', async () => {
  const schemas = [USER, USER, 'urn:example:of:nobody', GROUP, ENTERPRISE, ENTERPRISE];
  const user = await scim.user({ schemas, [ENTERPRISE]: { department: 'x' } });
  expect(user['schemas'].sort()).toEqual([USER, ENTERPRISE].sort());
  const { Resources } = await scim.get('/ResourceTypes');
  const type = Resources.find(({ name }: Shown) => name === 'User');
  const known = [type.schema, ...type.schemaExtensions.map(({ schema }: Shown) => schema)];
  for (const urn of user['schemas']) expect(known).toContain(urn);
});

it('7643-3-5 the order of schemas changes nothing', async () => {
  const rest = { title: newName(), [ENTERPRISE]: { department: 'x' } };
  const [one, other] = [
    await scim.user({ ...rest, schemas: [USER, ENTERPRISE] }),
    await scim.user({ ...rest, schemas: [ENTERPRISE, USER] }),
  ];
  const comparable = ({ id: _id, meta: _meta, userName: _name, ...same }: Shown): object => same;
  expect(comparable(one)).toEqual(comparable(other));
});

it.each([[[USER]], [[ENTERPRISE, USER]], [[]]])(
  '7643-3-6 common attributes are there, whatever schemas says: %j',
  async (schemas) => {
    const externalId = newName();
    const user = await scim.user({ schemas, externalId });
    expect(user).toMatchObject({
      id: expect.stringMatching(/.+/),
      externalId,
      meta: { resourceType: 'User' },
    });
  },
);
