/** The end of the audit trail as those hear of it who watch, whichever process writes it. */
import { randomBytes } from 'node:crypto';
import { v7 as timeOrderedId } from 'uuid';
import { type AuditEvent, type AuditFact, SYSTEM_ACTOR } from '../../../src/domain/audit';
import { type AuditReader } from '../../../src/domain/audit-ports';
import { AuditFeed } from '../../../src/graphql/subscriptions/audit-feed';
import { openStore, type Store } from '../../../src/store/store';
import { until } from '../../support/daemon';
import { openTestStore, type TestStore } from '../../support/test-store';

const log = { error: () => undefined, warn: () => undefined };

const fact = (action: string, chain = 'rule-1'): AuditFact => ({
  ...{ id: timeOrderedId(), at: new Date(), category: 'SYSTEM', outcome: 'DONE' },
  ...{ actor: SYSTEM_ACTOR, chain, action },
});

/** Takes what comes, until somebody says enough. */
function listen(feed: AuditFeed, chain?: string) {
  const heard: string[] = [];
  const events = feed.added(chain);
  const over = (async () => {
    for await (const event of events) heard.push(event.action);
  })();
  return { heard, over, stop: () => events.return() };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('auditEventAdded', () => {
  let store: TestStore;
  let other: Store;
  beforeEach(async () => {
    store = await openTestStore();
    other = await openStore({
      uri: store.uri,
      dbName: store.dbName,
      encryptionKey: randomBytes(32),
    });
  });
  afterEach(async () => {
    await other.close();
    await store.close();
  });

  it('tells each event once and in order, of one chain or of all, and nothing from before', async () => {
    await store.audit.trail.record([fact('before')]);
    const feed = new AuditFeed(store.audit.reader, log);
    const [all, own] = [listen(feed), listen(feed, 'rule-1')];
    await pause(100);
    await other.audit.trail.record([fact('one')]);
    await store.audit.trail.record([fact('two', 'rule-2')]);
    await other.audit.trail.record([fact('three')]);
    await until('all', () => all.heard.length === 3 && own.heard.length === 2);
    const late = listen(feed);
    await pause(700);
    await store.audit.trail.record([fact('four')]);
    await until('the last one', () => late.heard.length === 1 && all.heard.length === 4);
    expect(all.heard).toEqual(['one', 'two', 'three', 'four']);
    expect(own.heard).toEqual(['one', 'three', 'four']);
    expect(late.heard).toEqual(['four']);
    for (const one of [all, own, late]) await one.stop();
    await Promise.all([all.over, own.over, late.over]);

    // Where nobody watched meanwhile, it begins anew at the end.
    await store.audit.trail.record([fact('unheard')]);
    const again = listen(feed);
    await pause(100);
    await other.audit.trail.record([fact('five')]);
    await until('the next one', () => again.heard.length > 0);
    expect(again.heard).toEqual(['five']);
    await again.stop();
  });

  it('looks at nothing while nobody watches', async () => {
    let looks = 0;
    const reader: Pick<AuditReader, 'tail'> = {
      tail: (...args) => {
        looks += 1;
        return store.audit.reader.tail(...args);
      },
    };
    const listener = listen(new AuditFeed(reader, log));
    await until('a look', () => looks > 1);
    await listener.stop();
    await pause(600);
    const before = looks;
    await pause(1_200);
    expect(looks).toBe(before);
  });
});

it('who takes nothing for long is told that something was missed, and nobody else is held up', async () => {
  let serial = 0;
  const event = (): AuditEvent => ({
    ...fact(`e${String((serial += 1))}`),
    ...{ seq: serial, previousHash: '', hash: '', recorded: '' },
  });
  const position = { recorded: '', seen: new Set<string>() };
  const reader: Pick<AuditReader, 'tail'> = {
    tail: async (after, limit) => ({
      events: after ? Array.from({ length: limit }, event) : [],
      position,
    }),
  };
  const feed = new AuditFeed(reader, log);
  const slow = feed.added(undefined);
  const quick = listen(feed);
  expect((await slow.next()).done).toBe(false);
  await until('many events', () => quick.heard.length > 1_300, 30_000);
  const rest = async (): Promise<void> => {
    while ((await slow.next()).done !== true);
  };
  await expect(rest()).rejects.toThrow('auditEvents');
  expect(quick.heard.slice(0, 1_300)).toEqual(
    Array.from({ length: 1_300 }, (_, index) => `e${String(index + 1)}`),
  );
  await quick.stop();
}, 40_000);
