import {
  ENTERPRISE,
  expectError,
  GROUP,
  newName,
  RfcClient,
  USER,
  type Shown,
} from '../../support/rfc-client';

const scim = new RfcClient();

async function attribute(schema: string, name: string): Promise<Shown> {
  const { attributes } = await scim.get(`/Schemas/${schema}`);
  return attributes.find((one: Shown) => one['name'] === name);
}

it('7643-8.7.1-1, 7643-8.7.1-2, 7643-8.7.1-3 the schema says of userName that it is required and unique', async () => {
  expect(await attribute(USER, 'userName')).toMatchObject({
    required: true,
    uniqueness: 'server',
    caseExact: false,
  });
});

it('7643-8.7.1-11 the schema says of displayName of groups that it is required', async () => {
  expect(await attribute(GROUP, 'displayName')).toMatchObject({ required: true });
});

it.each([
  ['7643-8.7.1-4 emails have one primary value', 'emails'],
  ['7643-8.7.1-5 phoneNumbers have one primary value', 'phoneNumbers'],
  ['7643-8.7.1-6 ims have one primary value', 'ims'],
  ['7643-8.7.1-7 photos have one primary value', 'photos'],
  ['7643-8.7.1-8 entitlements have one primary value', 'entitlements'],
  ['7643-8.7.1-9 roles have one primary value', 'roles'],
  ['7643-8.7.1-10 x509Certificates have one primary value', 'x509Certificates'],
])('%s', async (_name, name) => {
  const two = ['AAAA', 'BBBB'].map((value) => ({ value, primary: true }));
  const body = { userName: newName(), [name]: two };
  expectError(await scim.request('POST', '/Users', body), 400, 'invalidValue');
  const { id } = await scim.user({ [name]: [{ value: 'AAAA', primary: true }] });
  const put = await scim.request('PUT', `/Users/${String(id)}`, body);
  expectError(put, 400, 'invalidValue');
  const value = { value: 'BBBB', primary: true };
  const patched = await scim.patched(id, { op: 'add', path: name, value: [value] });
  expect(patched[name]).toEqual([{ value: 'AAAA', primary: false }, value]);
});

it('7643-8.7.1-12, 7643-8.7.1-13 a manager is shown with id and URI, or not at all', async () => {
  const boss = await scim.user();
  const user = await scim.user({ [ENTERPRISE]: { manager: { value: boss['id'] } } });
  expect(user[ENTERPRISE].manager).toEqual({ value: boss['id'], $ref: boss['meta'].location });
  const nobody = await scim.user({ [ENTERPRISE]: { manager: { displayName: 'x' } } });
  expect(nobody).not.toHaveProperty(ENTERPRISE);
});

/** Attributes of RFC 7643 section 8.7.1 with their sub-attributes; `*`: multi-valued. */
const VALUES = 'value display type primary';
const NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [USER]: {
    userName: '',
    name: 'formatted familyName givenName middleName honorificPrefix honorificSuffix',
    displayName: '',
    nickName: '',
    profileUrl: '',
    title: '',
    userType: '',
    preferredLanguage: '',
    locale: '',
    timezone: '',
    active: '',
    password: '',
    'emails*': VALUES,
    'phoneNumbers*': VALUES,
    'ims*': VALUES,
    'photos*': VALUES,
    'addresses*': 'formatted streetAddress locality region postalCode country type primary',
    'groups*': 'value $ref display type',
    'entitlements*': VALUES,
    'roles*': VALUES,
    'x509Certificates*': VALUES,
  },
  [GROUP]: { displayName: '', 'members*': 'value $ref type display' },
  [ENTERPRISE]: {
    employeeNumber: '',
    costCenter: '',
    organization: '',
    division: '',
    department: '',
    manager: 'value $ref displayName',
  },
};

it.each(Object.keys(NAMES))('the schema has exactly the attributes of the RFC: %s', async (urn) => {
  const { attributes } = await scim.get(`/Schemas/${urn}`);
  const names = attributes.map(({ name, multiValued, subAttributes = [] }: Shown) => [
    multiValued === true ? `${String(name)}*` : name,
    subAttributes.map((sub: Shown) => sub['name']).join(' '),
  ]);
  expect(Object.fromEntries(names)).toEqual(NAMES[urn]);
});
