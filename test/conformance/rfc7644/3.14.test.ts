import { expectError, newName, RfcClient } from '../../support/rfc-client';

const scim = new RfcClient();

it('7644-3.14-1 the version is in the ETag header of every answer about a resource', async () => {
  const created = await scim.request('POST', '/Users', { userName: newName() });
  const path = `/Users/${String(created.body.id)}`;
  const answers = [
    created,
    await scim.request('GET', path),
    await scim.request('PUT', path, { userName: newName() }),
    await scim.patch(path, { op: 'add', path: 'title', value: 'x' }),
  ];
  for (const { headers, body } of answers) expect(headers.get('etag')).toBe(body.meta.version);
  expect(new Set(answers.map(({ body }) => body.meta.version)).size).toBe(3);
});

it('a stale version changes nothing, a known one is not sent again', async () => {
  const { id, meta } = await scim.user();
  const path = `/Users/${String(id)}`;
  await scim.patched(id, { op: 'add', path: 'title', value: 'x' });
  const stale = { 'if-match': meta.version };
  expectError(await scim.request('PUT', path, { userName: newName() }, stale), 412);
  expectError(await scim.request('DELETE', path, undefined, stale), 412);
  const { body } = await scim.request('GET', path);
  const known = { 'if-none-match': body.meta.version };
  expect((await scim.request('GET', path, undefined, known)).status).toBe(304);
});
