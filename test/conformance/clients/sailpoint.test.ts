/** SailPoint: discovery, enabling and disabling by "add", names that are merged, aggregation in pages. */
import { usersOf } from '../../support/clients/end-state';
import { SailPointSource } from '../../support/clients/sailpoint';
import { startConformanceServer } from '../../support/conformance-server';
import { type ScimServer } from '../../support/scim-server';

let scim: ScimServer;

beforeEach(async () => {
  scim = await startConformanceServer();
});

afterEach(async () => {
  expect(scim.errors).toEqual([]);
  await scim.close();
});

test('the life of an account', async () => {
  const source = new SailPointSource(scim);
  expect(await source.discover()).toEqual(
    expect.arrayContaining(['userName', 'name', 'active', 'emails', 'groups']),
  );
  const id = await source.create({ userName: 'w.fox', givenName: 'Will', familyName: 'Fox' });
  await source.setEnabled(id, false);
  expect((await usersOf(scim))['w.fox'].active).toBe(false);
  await source.setEnabled(id, true);
  await source.rename(id, { familyName: 'Vos' });
  expect((await usersOf(scim))['w.fox']).toMatchObject({
    active: true,
    name: { givenName: 'Will', familyName: 'Vos' },
  });
});

test('aggregates every account and every group once', async () => {
  const source = new SailPointSource(scim);
  expect(await source.aggregate('/Groups', 10)).toEqual([]);
  const ids: string[] = [];
  for (let index = 0; index < 23; index += 1) {
    ids.push(
      await source.create({ userName: `u${String(index)}`, givenName: 'U', familyName: 'X' }),
    );
  }
  await scim.request('POST', '/Groups', { displayName: 'Ops', members: [{ value: ids[0] }] });
  const accounts = await source.aggregate('/Users', 5);
  expect(accounts.map(({ id }) => id as string).sort()).toEqual(ids.sort());
  expect(accounts.filter(({ groups }) => groups !== undefined)).toHaveLength(1);
  const [group] = await source.aggregate('/Groups', 5);
  expect(group.members).toHaveLength(1);
});
