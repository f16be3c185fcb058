import { ENTERPRISE, RfcClient, USER, type Shown } from '../../support/rfc-client';

const scim = new RfcClient();
let kit: Shown;

beforeAll(async () => {
  kit = await scim.user({
    name: { givenName: 'Kit', familyName: 'Marlow' },
    title: 'Miller',
    [ENTERPRISE]: { department: 'Milling', costCenter: '7' },
  });
});

const list = async (query: string): Promise<Shown> => {
  const { Resources } = await scim.get(`/Users?${query}`);
  return Resources[0];
};

it('7644-3.4.2.5-1, 7644-3.4.2.5-2 lists take attributes and excludedAttributes', async () => {
  const only = await list('attributes=title');
  expect(only).toEqual({ schemas: kit['schemas'], id: kit['id'], title: 'Miller' });
  const { title: _title, ...without } = kit;
  expect(await list('excludedAttributes=title')).toEqual(without);
});

it('7644-3.4.2.5-3, 7644-3.4.2.5-5 names are in standard notation', async () => {
  const name = `${USER}:name.givenName`;
  const department = `${ENTERPRISE}:department`;
  expect(await list(`attributes=${name},${department}`)).toEqual({
    schemas: kit['schemas'],
    id: kit['id'],
    name: { givenName: 'Kit' },
    [ENTERPRISE]: { department: 'Milling' },
  });
  expect(await list(`excludedAttributes=${name},${department}`)).toMatchObject({
    name: { familyName: 'Marlow' },
    [ENTERPRISE]: { costCenter: '7' },
  });
});

it('7644-3.4.2.5-4 what is always returned cannot be excluded', async () => {
  const shown = await list('excludedAttributes=id,schemas,title');
  expect(shown).toMatchObject({ id: kit['id'], schemas: kit['schemas'] });
  expect(shown).not.toHaveProperty('title');
});
