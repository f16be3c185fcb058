import { openTestStore, type TestStore } from '../../support/test-store';
import { newName } from '../../support/rfc-client';
import { startScimServer } from '../../support/scim-server';

let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
});

afterAll(() => store.close());

it('7643-9.2-1 no password gets into the database, in whatever form', async () => {
  const scim = await startScimServer(store.resources);
  const password = newName();
  const { body } = await scim.request('POST', '/Users', { userName: newName(), password });
  const path = `/Users/${String(body.id)}`;
  const Operations = [{ op: 'replace', value: { password, title: 'x' } }];
  expect((await scim.request('PATCH', path, { Operations })).status).toBe(200);
  const documents = await store.connection.collection('resources').find({}).toArray();
  expect(documents.map(({ _id }) => String(_id))).toEqual([body.id]);
  expect(JSON.stringify(documents)).not.toMatch(new RegExp(`password|${password}"`));
  await scim.close();
});
