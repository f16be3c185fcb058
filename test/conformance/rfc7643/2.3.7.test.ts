import { ENTERPRISE, RfcClient, type Shown } from '../../support/rfc-client';

const scim = new RfcClient();

async function references(): Promise<readonly string[]> {
  const boss = await scim.user();
  const user = await scim.user({ [ENTERPRISE]: { manager: { value: boss['id'] } } });
  const group = await scim.group({ members: [{ value: user['id'] }] });
  const shown: Shown = await scim.get(`/Users/${String(user['id'])}`);
  return [
    shown['meta'].location,
    shown['groups'][0].$ref,
    shown[ENTERPRISE].manager.$ref,
    group['members'][0].$ref,
    group['meta'].location,
  ];
}

it('7643-2.3.7-1, 7643-2.3.7-3 references the server makes are absolute HTTP URIs', async () => {
  for (const reference of await references()) {
    expect(new URL(reference).protocol).toBe('http:');
    expect(reference.startsWith(`${scim.server.url}/`)).toBe(true);
  }
});

it('7643-2.3.7-4 GET on a reference answers the resource, or says why not', async () => {
  for (const reference of await references()) {
    const body = await scim.get(reference.slice(scim.server.url.length));
    expect(body['meta'].location).toBe(reference);
  }
  const unknown = await scim.request('GET', '/Users/nobody');
  expect(unknown.status).toBe(404);
});

it.each(['Users/ID', '/Users/ID', '../Users/ID', 'https://elsewhere.example/scim/v2/Users/ID'])(
  '7643-2.3.7-2 a member may be named by a relative or absolute reference: %s',
  async (template) => {
    const { id } = await scim.user();
    const { members } = await scim.group({ members: [{ $ref: template.replace('ID', id) }] });
    expect(members).toEqual([
      { value: id, $ref: `${scim.server.url}/Users/${String(id)}`, type: 'User' },
    ]);
  },
);
