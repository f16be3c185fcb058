import { RfcClient, type Shown } from '../../support/rfc-client';

const scim = new RfcClient();

it('7644-3.1-1 messages have a schema that begins with urn:ietf:params:scim:api:', async () => {
  const answers = [
    await scim.request('GET', '/Users'),
    await scim.request('POST', '/Users/.search', {}),
    await scim.request('GET', '/Schemas'),
    await scim.request('GET', '/Users/nobody'),
  ];
  for (const { body } of answers) {
    expect(body.schemas).toEqual([expect.stringMatching(/^urn:ietf:params:scim:api:/)]);
  }
});

it('7644-3.1-2 schemas of messages are not served', async () => {
  const { Resources } = await scim.get('/Schemas');
  const ids = Resources.map(({ id }: Shown) => id);
  expect(ids.filter((id: string) => id.includes(':api:'))).toEqual([]);
  const message = '/Schemas/urn:ietf:params:scim:api:messages:2.0:ListResponse';
  expect((await scim.request('GET', message)).status).toBe(404);
});

it('7644-3.1-3 answers show what was made of a request', async () => {
  const user = await scim.user({ active: 'False', unknown: 'x', groups: [{ value: 'x' }] });
  expect(user['active']).toBe(false);
  expect(user).not.toHaveProperty('unknown');
  expect(await scim.get(`/Users/${String(user['id'])}`)).toEqual(user);
});
