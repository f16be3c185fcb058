import { RfcClient, type Shown } from '../../support/rfc-client';

const scim = new RfcClient();
const CORE = 'urn:ietf:params:scim:schemas:core:2.0';

function find(attributes: readonly Shown[], path: string): Shown | undefined {
  const [name, ...rest] = path.split('.');
  const found = attributes.find((attribute) => attribute['name'] === name);
  return rest.length === 0 ? found : find(found?.['subAttributes'] ?? [], rest.join('.'));
}

it.each<[string, string, string, object]>([
  ['7643-8.7.2-1 resource types have a name', 'ResourceType', 'name', { required: true }],
  ['7643-8.7.2-2 resource types have a description', 'ResourceType', 'description', {}],
  [
    '7643-8.7.2-3 extensions of resource types say whether they are required',
    'ResourceType',
    'schemaExtensions.required',
    { type: 'boolean', required: true },
  ],
  ['7643-8.7.2-4 schemas have an id', 'Schema', 'id', { required: true }],
  ['7643-8.7.2-5 schemas have a name', 'Schema', 'name', {}],
  ['7643-8.7.2-6 schemas have a description', 'Schema', 'description', {}],
])('%s', async (_name, schema, path, expected) => {
  const { attributes } = await scim.get(`/Schemas/${CORE}:${schema}`);
  expect(find(attributes, path)).toMatchObject({
    type: 'string',
    mutability: 'readOnly',
    ...expected,
  });
});

it('7643-8.7.2-7, 7643-8.7.2-8 canonical values are listed', async () => {
  const { attributes } = await scim.get(`/Schemas/${CORE}:User`);
  const canonical = (path: string): unknown => find(attributes, path)?.['canonicalValues'];
  expect(canonical('emails.type')).toEqual(['work', 'home', 'other']);
  expect(canonical('phoneNumbers.type')).toEqual([
    ...['work', 'home', 'mobile', 'fax', 'pager', 'other'],
  ]);
  expect(canonical('ims.type')).toEqual([
    ...['aim', 'gtalk', 'icq', 'xmpp', 'msn', 'skype', 'qq', 'yahoo'],
  ]);
  expect(canonical('photos.type')).toEqual(['photo', 'thumbnail']);
  expect(canonical('addresses.type')).toEqual(['work', 'home', 'other']);
  expect(canonical('groups.type')).toEqual(['direct', 'indirect']);
  const meta = await scim.get(`/Schemas/${CORE}:Schema`);
  const mutability = ['readOnly', 'readWrite', 'immutable', 'writeOnly'];
  expect(find(meta['attributes'], 'attributes.mutability')?.['canonicalValues']).toEqual(
    mutability,
  );
  expect(find(meta['attributes'], 'attributes.canonicalValues')).toMatchObject({
    type: 'string',
    multiValued: true,
  });
  expect(find(meta['attributes'], 'attributes.subAttributes.canonicalValues')).toMatchObject({
    type: 'string',
    multiValued: true,
  });
});
