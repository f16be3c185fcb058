import { expectError, newName, RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

it('7644-3.8-1, 7644-3.8-2 requests and answers are JSON in UTF-8', async () => {
  const displayName = 'Zoë Łuk 李 😀';
  for (const type of ['application/scim+json', 'application/json', undefined]) {
    const body = JSON.stringify({ userName: newName(), displayName });
    const answer = await scim.request('POST', '/Users', body, { 'content-type': type });
    expect([answer.status, answer.body.displayName]).toEqual([201, displayName]);
    expect(answer.headers.get('content-type')).toBe('application/scim+json');
  }
});

it('7644-3.8-3 other encodings are refused', async () => {
  const headers = { 'content-type': 'application/scim+json; charset=iso-8859-1' };
  const body = { userName: newName() };
  expectError(await scim.request('POST', '/Users', body, headers), 415);
});

it.each(['application/scim+json', 'application/json', '*/*', undefined])(
  '7644-3.8-4 Accept may be %s',
  async (accept) => {
    const { status, headers } = await scim.request('GET', '/Users', undefined, { accept });
    expect([status, headers.get('content-type')]).toEqual([200, 'application/scim+json']);
  },
);
