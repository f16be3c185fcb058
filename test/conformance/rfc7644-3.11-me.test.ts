/** `/Me` (RFC 7644 section 3.11). */
import { startConformanceServer } from '../support/conformance-server';

test('7644-3.11-1 requests at /Me are carried out at the user the rule names, and say where that is', async () => {
  const scim = await startConformanceServer({ meUserName: 'ADA' });
  expect((await scim.request('GET', '/Me')).status).toBe(404);
  const { body: user } = await scim.request('POST', '/Users', { userName: 'ada' });
  await scim.request('POST', '/Users', { userName: 'bob' });
  const got = await scim.request('GET', '/Me');
  expect([got.status, got.body]).toEqual([200, user]);
  expect(got.headers.get('location')).toBe(user.meta.location);
  const put = await scim.request('PUT', '/Me', { userName: 'ada', title: 'x' });
  expect([put.status, put.body.title, put.body.id]).toEqual([200, 'x', user.id]);
  const Operations = [{ op: 'remove', path: 'title' }];
  const stale = await scim.request('PATCH', '/Me', { Operations }, { 'if-match': 'W/"1"' });
  expect(stale.status).toBe(412);
  const patched = await scim.request('PATCH', '/Me?attributes=title', { Operations });
  expect([patched.status, patched.headers.get('location')]).toEqual([200, user.meta.location]);
  expect((await scim.request('DELETE', '/Me')).status).toBe(204);
  expect((await scim.request('GET', '/Users')).body.Resources).toMatchObject([{ userName: 'bob' }]);
  await scim.close();
});

test('501 while the rule names nobody, with a sentence that says who can', async () => {
  const scim = await startConformanceServer();
  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
    const { status, body } = await scim.request(
      method,
      '/Me',
      method === 'GET' || method === 'DELETE' ? undefined : {},
    );
    expect([method, status, body.detail]).toEqual([
      method,
      501,
      expect.stringContaining('meUserName'),
    ]);
  }
  await scim.close();
});
