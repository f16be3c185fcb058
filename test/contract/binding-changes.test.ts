/** What changes of bindings those who watch are told. */
import { randomBytes } from 'node:crypto';
import { bindingId } from '../../src/domain/binding';
import { type WorkItem } from '../../src/domain/delivery-ports';
import { USER } from '../../src/domain/resource';
import { bindingModel } from '../../src/store/models/binding.model';
import { openStore, type Store } from '../../src/store/store';

let store: Store;

const request = (resourceId: string, generation: number) => ({
  ...{ ruleId: 'rule', targetId: 'target', resourceType: USER },
  resourceId,
  generation,
});

beforeAll(async () => {
  store = await openStore({
    uri: process.env['TEST_MONGODB_URI'] ?? '',
    dbName: `binding-changes-${randomBytes(4).toString('hex')}`,
    encryptionKey: randomBytes(32),
  });
});

afterEach(async () => {
  await bindingModel(store.connection).deleteMany({});
});

afterAll(async () => {
  await store.connection.dropDatabase();
  await store.close();
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function lease(): Promise<WorkItem> {
  const now = new Date();
  const [item] = await store.bindings.claim({
    ...{ targetId: 'target', ruleId: 'rule', owner: 'me', most: 1, now },
    dueBefore: new Date(now.getTime() + 600_000),
    leaseUntil: new Date(now.getTime() + 60_000),
  });
  if (!item) throw new Error('Nothing to claim');
  return item;
}

const at = (): Date => new Date();
const failure = (retryAt?: Date) => ({
  error: { kind: 'unavailable', message: 'No.', at: at() },
  nothingCreated: true,
  ...(retryAt ? { retryAt } : {}),
});
const id = bindingId('target', 'one');
const resource = { ...request('one', 1), id: 'one', deleted: false };

/** How each change comes about, from a binding that is new. */
const CHANGES: Readonly<Record<string, () => Promise<unknown>>> = {
  'a new generation': () => store.bindings.enqueue([request('one', 2)], at()),
  'a delivery that succeeded': async () =>
    store.bindings.complete(await lease(), { state: 'SYNCED', at: at(), observedGeneration: 1 }),
  'one that succeeded when more was asked for': async () => {
    const item = await lease();
    await store.bindings.enqueue([request('one', 2)], at());
    await pause(5);
    await store.bindings.complete(item, { state: 'SYNCED', at: at(), observedGeneration: 1 });
  },
  'one that failed': async () =>
    store.bindings.fail(await lease(), failure(new Date(Date.now() + 60_000))),
  'one that was parked': async () => store.bindings.fail(await lease(), failure()),
  'one that was held': async () =>
    store.bindings.complete(await lease(), { state: 'HELD', at: at(), heldFor: 'RULE_DISABLED' }),
  'a retry': () => store.bindings.retry(id, at()),
  'a new delivery of a rollout': () => store.rollouts.redeliver('target', [resource], at()),
  'many retries at once': () => store.sweeps.redeliver([id], ['PENDING'], at()),
};

test.each(Object.entries(CHANGES))('%s is told, with the state it led to', async (_name, act) => {
  await store.bindings.enqueue([request('one', 1)], at());
  const before = await store.bindingChanges.last();
  if (!before) throw new Error('A new binding is no change');
  await pause(5);
  await act();
  const told = await store.bindingChanges.since({
    after: { at: before },
    upTo: new Date(Date.now() + 1_000),
    limit: 10,
  });
  expect(told.map(({ binding }) => binding)).toEqual([await store.bindings.find(id)]);
});

test('what was held, parked or failed and is asked for again is told', async () => {
  const cases = [
    ['HELD', () => store.bindings.requeueHeld('rule', 'RULE_DISABLED', at())],
    ['PARKED', () => store.bindings.requeueParked('target', at())],
    ['RETRYING', () => store.bindings.hasten('target', at())],
  ] as const;
  for (const [state, act] of cases) {
    await store.bindings.enqueue([request(state, 1)], at());
    const item = await lease();
    if (state === 'HELD') {
      await store.bindings.complete(item, { state, at: at(), heldFor: 'RULE_DISABLED' });
    } else {
      const later = state === 'RETRYING' ? new Date(Date.now() + 600_000) : undefined;
      await store.bindings.fail(item, failure(later));
    }
    const before = await store.bindingChanges.last();
    await pause(5);
    await act();
    const last = await store.bindingChanges.last();
    expect([state, Number(last) > Number(before)]).toEqual([state, true]);
    await bindingModel(store.connection).deleteMany({});
  }
});

test('leases and what a delivery notes on its way are not told', async () => {
  await store.bindings.enqueue([request('one', 1)], at());
  const before = await store.bindingChanges.last();
  await pause(5);
  const item = await lease();
  await store.bindings.renew(item, new Date(Date.now() + 60_000));
  await store.bindings.markCreating(item, 'one');
  expect(await store.bindingChanges.last()).toEqual(before);
});

test('pages follow each other without a gap, also within one moment, and are of one rule', async () => {
  const model = bindingModel(store.connection);
  const requests = Array.from({ length: 25 }, (_, index) => request(`r-${String(index)}`, 1));
  await store.bindings.enqueue(requests, at());
  await store.bindings.enqueue([{ ...request('other', 1), ruleId: 'another rule' }], at());
  const moment = new Date();
  await model.updateMany({}, { $set: { changedAt: moment } });
  const seen: string[] = [];
  let after: { at: Date; id?: string } = { at: new Date(moment.getTime() - 1) };
  for (;;) {
    const page = await store.bindingChanges.since({
      ruleId: 'rule',
      after,
      upTo: moment,
      limit: 7,
    });
    for (const { binding, at: changedAt } of page) {
      seen.push(binding.id);
      after = { at: changedAt, id: binding.id };
    }
    if (page.length < 7) break;
  }
  expect(seen).toEqual(requests.map(({ resourceId }) => bindingId('target', resourceId)).sort());
});
