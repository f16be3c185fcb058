import { RfcClient, type Shown } from '../../support/rfc-client';
import { DEVICES, LEASE } from '../../support/rfc-definitions';

const scim = new RfcClient({ definitions: DEVICES });

const users: readonly [string, object][] = [
  ['b', { title: 'beta', emails: [{ value: 'z@x' }, { value: 'b@x', primary: true }] }],
  ['none', {}],
  ['a', { title: 'Alpha', emails: [{ value: 'c@x' }, { value: 'a@x' }] }],
  ['g', { title: 'GAMMA', emails: [{ value: 'a@x' }] }],
];

beforeAll(async () => {
  for (const [nickName, more] of users) await scim.user({ nickName, ...more });
  for (const [name, code, slots] of [
    ['x', 'b', 10],
    ['y', 'B', 9],
    ['z', 'a', 100],
  ]) {
    await scim.created('/Devices', { name, code, slots, [LEASE]: { lessor: 'x' } });
  }
});

async function order(query: string): Promise<string> {
  const { Resources } = await scim.get(`/Users?${query}`);
  return Resources.map(({ nickName }: Shown) => nickName).join(' ');
}

it('7644-3.4.2.3-1 sortBy orders; no value is last, or first when descending', async () => {
  expect(await order('sortBy=title')).toBe('a b g none');
  expect(await order('sortBy=title&sortOrder=descending')).toBe('none g b a');
  expect(await order('sortBy=title&startIndex=3&count=2')).toBe('g none');
  expect(await order('sortBy=title&sortOrder=descending&startIndex=2&count=2')).toBe('g b');
});

it('7644-3.4.2.3-1 of several values the primary one counts, or else the first', async () => {
  expect(await order('sortBy=emails.value')).toBe('g b a none');
  expect(await order('sortBy=emails')).toBe('g b a none');
});

it('7644-3.4.2.3-2 order is ascending by default', async () => {
  expect(await order('sortBy=title')).toBe(await order('sortBy=title&sortOrder=ascending'));
  expect(await order('sortBy=title&sortOrder=Descending')).toBe('none g b a');
});

it('7644-3.4.2.3-3 case counts where the attribute is case-exact, and numbers are numbers', async () => {
  const names = async (query: string): Promise<string> =>
    (await scim.get(`/Devices?${query}`))['Resources'].map(({ name }: Shown) => name).join(' ');
  expect(await names('sortBy=code')).toBe('y z x');
  expect(await names('sortBy=slots')).toBe('y x z');
  expect(await names('sortBy=meta.created&sortOrder=descending')).toBe('z y x');
});
