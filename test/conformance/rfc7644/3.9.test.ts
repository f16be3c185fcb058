import { ENTERPRISE, newName, RfcClient, type Shown, USER } from '../../support/rfc-client';
import { DEVICE, DEVICES, LEASE } from '../../support/rfc-definitions';

const scim = new RfcClient({ definitions: DEVICES });
let device: Shown;
const shown = async (query: string): Promise<readonly string[]> =>
  Object.keys(await scim.get(`/Devices/${String(device['id'])}?${query}`)).sort();

beforeAll(async () => {
  const more = { code: 'c', label: 'l', notes: 'n', tags: ['t'] };
  device = await scim.created('/Devices', { name: newName(), ...more, [LEASE]: { lessor: 'x' } });
});

it('7644-3.9-1, 7644-3.9-2 attributes shows what is named, and what is always returned', async () => {
  expect(await shown('attributes=code')).toEqual(['code', 'id', 'label', 'schemas']);
  expect(await shown('attributes=notes,tags')).toEqual(['id', 'label', 'notes', 'schemas', 'tags']);
  expect(await shown(`attributes=${DEVICE}:code`)).toEqual(['code', 'id', 'label', 'schemas']);
  expect(await shown('attributes=pin,unknown')).toEqual(['id', 'label', 'schemas']);
});

it('7644-3.9-3 excludedAttributes leaves what is always returned', async () => {
  const left = ['code', 'id', 'label', 'meta', 'name', 'schemas', 'tags'];
  expect(await shown(`excludedAttributes=id,schemas,label,${LEASE}`)).toEqual(left);
  expect(await shown(`excludedAttributes=meta,code,${LEASE}`)).toEqual(
    left.filter((name) => name !== 'meta' && name !== 'code'),
  );
});

it.each<[string, object]>([
  [`attributes=${USER}:title`, { title: 'T' }],
  [`attributes=${USER.toUpperCase()}:NAME.familyname`, { name: { familyName: 'F' } }],
  [
    `attributes=${USER}:title,${ENTERPRISE}`,
    { title: 'T', [ENTERPRISE]: { department: 'D', division: 'V' } },
  ],
  [`attributes=${ENTERPRISE}:division`, { [ENTERPRISE]: { division: 'V' } }],
  [
    `excludedAttributes=${USER}:meta,${USER}:active,${USER}:userName,${USER}:name.givenName,${ENTERPRISE}`,
    { title: 'T', name: { familyName: 'F' } },
  ],
  [
    `excludedAttributes=meta,active,userName,name,${USER}:title,${ENTERPRISE}:department`,
    { [ENTERPRISE]: { division: 'V' } },
  ],
])(
  '7644-3.9-1, 7644-3.9-2 names may be qualified by a URN, and be one: %s',
  async (query, shownParts) => {
    const { id, userName } = await scim.user({
      title: 'T',
      name: { familyName: 'F', givenName: 'G' },
      [ENTERPRISE]: { department: 'D', division: 'V' },
    });
    const one = await scim.get(`/Users/${String(id)}?${query}`);
    const always = { id, schemas: [USER, ENTERPRISE] };
    expect(one).toEqual({ ...always, ...shownParts });
    const filter = encodeURIComponent(`userName eq "${String(userName)}"`);
    expect((await scim.get(`/Users?filter=${filter}&${query}`))['Resources']).toEqual([one]);
  },
);

it.each(['POST', 'PUT', 'PATCH'])('7644-3.9-1 attributes counts for %s, too', async (method) => {
  const { id, userName } = await scim.user();
  const path = method === 'POST' ? '/Users' : `/Users/${String(id)}`;
  const body = {
    userName: method === 'POST' ? newName() : userName,
    Operations: [{ op: 'add', path: 'title', value: 'x' }],
  };
  const answer = await scim.request(method, `${path}?attributes=userName`, body);
  expect(Object.keys(answer.body).sort()).toEqual(['id', 'schemas', 'userName']);
});
