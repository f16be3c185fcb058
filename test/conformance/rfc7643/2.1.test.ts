import { RfcClient, type Shown } from '../../support/rfc-client';

const scim = new RfcClient();

it('7643-2.1-1 everything that is answered names its schemas', async () => {
  const { id } = await scim.user();
  await scim.group();
  const paths = [
    `/Users/${id}`,
    '/Users',
    '/Groups',
    '/Schemas',
    '/ResourceTypes',
    '/ServiceProviderConfig',
  ];
  for (const path of paths) {
    const body = await scim.get(path);
    for (const each of [body, ...(body['Resources'] ?? [])]) {
      expect(each.schemas.length).toBeGreaterThan(0);
    }
  }
});

it('7643-2.1-2 names of attributes are letters, digits, "$", "-" and "_", a letter or "$ref" first', async () => {
  const { Resources } = await scim.get('/Schemas');
  const names = (attributes: readonly Shown[]): string[] =>
    attributes.flatMap(({ name, subAttributes = [] }) => [name, ...names(subAttributes)]);
  for (const { attributes } of Resources) {
    for (const name of names(attributes))
      expect(name).toMatch(/^(?:\$ref|[A-Za-z][A-Za-z0-9$_-]*)$/);
  }
});
