/** The audit trail in the database: chains without gaps whoever appends, and whatever is altered is found. */
import { v7 as timeOrderedId } from 'uuid';
import { type AuditFact, SYSTEM_ACTOR } from '../../src/domain/audit';
import { ChainVerifier } from '../../src/domain/audit-chain';
import { MongoAuditReader } from '../../src/store/audit-reader';
import { MongoAuditRetention } from '../../src/store/audit-retention';
import { keyOf, MongoAuditTrail } from '../../src/store/audit-trail';
import { auditModels, type AuditEventDocument } from '../../src/store/models/audit.model';
import { auditEvents, brokenChains } from '../support/audit-chains';
import { openTestStore, type TestStore } from '../support/test-store';

jest.setTimeout(120_000);

let store: TestStore;

beforeEach(async () => {
  store = await openTestStore();
});

afterEach(() => store.close());

function fact(chain: string, more: Partial<AuditFact> = {}): AuditFact {
  return {
    id: timeOrderedId(),
    at: new Date(),
    chain,
    category: 'SYSTEM',
    action: 'tested',
    outcome: 'DONE',
    actor: SYSTEM_ACTOR,
    ...more,
  };
}

/** As another process would have them. */
function trails(count: number): MongoAuditTrail[] {
  return Array.from({ length: count }, () => new MongoAuditTrail(auditModels(store.connection)));
}

test('many writers of one chain leave no gap, and no fact twice', async () => {
  const facts = Array.from({ length: 120 }, () => fact('rule'));
  const writers = trails(4);
  await Promise.all(
    facts.map(async (one, index) => {
      // Somebody finds it as well, and thinks that it is not there yet.
      await Promise.all([
        writers[index % 4]?.record([one]) ?? Promise.resolve(),
        writers[(index + 1) % 4]?.record([one]) ?? Promise.resolve(),
      ]);
    }),
  );
  const events = await auditEvents(store);
  expect(brokenChains(events)).toEqual([]);
  expect(new Set(events.map(({ id }) => id)).size).toBe(120);
  expect(events).toHaveLength(120);
});

test('every value survives the database in the form in which it was hashed', async () => {
  await store.audit.trail.record([
    fact('rule', {
      resource: { type: 'User', id: 'u', name: 'Zoë \u{1F600}' },
      changes: [{ attribute: 'urn:a:2.0:b:c.d', before: '{"$ref":"x","a.b":1}', after: 'null' }],
      native: { count: 1, first: [{ operation: 'add', object: 'cn=ü', detail: 'a\nb' }] },
      generation: 1,
      fromGeneration: 0,
      cutShort: true,
    }),
  ]);
  expect(brokenChains(await auditEvents(store))).toEqual([]);
});

describe('an event that is', () => {
  async function broken(
    alter: (id: string, other: string) => Promise<unknown>,
  ): Promise<readonly string[]> {
    await store.audit.trail.record([1, 2, 3, 4].map(() => fact('rule')));
    await alter(keyOf('rule', 2), keyOf('rule', 3));
    return brokenChains(await auditEvents(store));
  }

  const events = () => auditModels(store.connection).events.collection;

  test('changed', async () => {
    const found = await broken((_id) =>
      events().updateOne({ _id: _id as never }, { $set: { action: 'x' } }),
    );
    expect(found[0]).toContain('event 2 was changed');
  });

  test('removed', async () => {
    const found = await broken((_id) => events().deleteOne({ _id: _id as never }));
    expect(found[0]).toContain('events 2 to 2 were removed');
  });

  test('replaced, with a hash that fits', async () => {
    const found = await broken(async (_id) => {
      const forged = new MongoAuditTrail(auditModels(store.connection));
      await events().deleteMany({ _id: { $gte: _id as never } });
      await forged.record([fact('rule', { action: 'forged' })]);
    });
    // Only who knows a hash from before can see this: the tool takes a file of them.
    expect(found).toEqual([]);
  });

  test('inserted', async () => {
    const found = await broken(async (_id) => {
      const [document] = await events()
        .find({ _id: _id as never })
        .toArray();
      await events().insertOne({
        ...(document as unknown as AuditEventDocument),
        _id: `${_id}a` as never,
        event: 'another',
      });
    });
    expect(found[0]).toContain('event 2 was inserted');
  });
});

test('old events go, the rest still holds, and the chain goes on', async () => {
  const old = new Date(Date.now() - 1_000_000);
  const models = auditModels(store.connection);
  const retention = new MongoAuditRetention(models, store.audit.trail);
  await store.audit.trail.record([1, 2, 3].map(() => fact('rule', { at: old })));
  const before = new Date(Date.now() - 500_000);
  expect(await retention.purge('rule', before, 2)).toBe(2);
  expect(await retention.purge('rule', before, 2)).toBe(1);
  expect(await retention.purge('rule', before, 2)).toBe(0);
  await Promise.all(trails(2).map((trail) => trail.record([fact('rule')])));
  const anchor = await models.anchors.findById('rule').lean();
  expect(anchor?.seq).toBe(3);
  const verifier = new ChainVerifier({ seq: anchor?.seq ?? 0, hash: anchor?.hash ?? '' });
  const events = (await auditEvents(store)).filter(({ chain }) => chain === 'rule');
  expect(events.map((event) => verifier.next(event))).toEqual([undefined, undefined]);
  expect(verifier.head.seq).toBe(5);
  const told = (await auditEvents(store)).filter(({ action }) => action === 'audit.purged');
  expect(told.map(({ input }) => (JSON.parse(input ?? '') as { upToSeq: number }).upToSeq)).toEqual(
    [2, 3],
  );
  expect(await retention.chains(undefined, 10)).toEqual(['gateway', 'rule']);
});

test('who listens hears every event once, whichever process recorded it', async () => {
  const reader = new MongoAuditReader(auditModels(store.connection));
  const writers = trails(3);
  await store.audit.trail.record([fact('early')]);
  let { position } = await reader.tail(undefined, 10);
  const sent: string[] = [];
  const heard: string[] = [];
  for (let round = 0; round < 10; round += 1) {
    const facts = writers.map((_, index) => fact(`rule-${String(index)}`));
    sent.push(...facts.map(({ id }) => id));
    const writing = Promise.all(
      writers.map((writer, index) => writer.record(facts.slice(index, index + 1))),
    );
    const some = await reader.tail(position, 2);
    heard.push(...some.events.map(({ id }) => id));
    position = some.position;
    await writing;
  }
  for (let last = -1; heard.length > last;) {
    last = heard.length;
    const rest = await reader.tail(position, 5);
    heard.push(...rest.events.map(({ id }) => id));
    position = rest.position;
  }
  expect([...heard].sort()).toEqual([...sent].sort());
});
