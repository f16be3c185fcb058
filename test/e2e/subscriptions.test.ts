/** Subscriptions of processes as people run them: two on one store, one of them killed; and one that stops. */
import { randomBytes } from 'node:crypto';
import { until } from '../support/daemon';
import { Usher } from '../support/usher';
import { entraUser } from '../support/wire';

const KEY = `usher_admin_${randomBytes(32).toString('base64url')}`;
const CHANGED =
  'subscription { bindingChanged { state observedGeneration generation resource { ... on User { userName } } } }';

interface Stream {
  readonly text: () => string;
  readonly ended: Promise<void>;
  readonly close: () => void;
}

async function stream(usher: Usher, query: string, key = KEY): Promise<Stream> {
  const controller = new AbortController();
  const response = await fetch(`${usher.url}/graphql`, {
    method: 'POST',
    body: JSON.stringify({ query }),
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      accept: 'text/event-stream',
    },
    signal: controller.signal,
  });
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
  ]);
  let text = '';
  const ended = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array);
  })().catch(() => undefined);
  return { text: () => text, ended, close: () => controller.abort() };
}

describe('two processes on one store', () => {
  let one: Usher;
  let other: Usher;
  beforeAll(async () => {
    const base = new URL(process.env['TEST_MONGODB_URI'] ?? '');
    base.pathname = `/usher_e2e_${randomBytes(6).toString('hex')}`;
    const environment = {
      MONGODB_URI: base.toString(),
      ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      ADMIN_API_KEY: KEY,
    };
    one = await Usher.start(environment);
    other = await Usher.start(environment);
  });
  afterAll(async () => {
    await Promise.all([one.stop(), other.stop()]);
  });

  it('a change of one is told by the other, also when the one is dead by then', async () => {
    const folder = one.dataDir;
    const target = await one.createTarget('RADIUS', 'radius', {
      database: { kind: 'sqlite', file: `${folder}/radius.db` },
    });
    const { token } = await one.createRule('Entra', [{ targetId: target }]);
    const watcher = await stream(other, CHANGED);
    await until('the subscription to begin', () => watcher.text().includes(':\n\n'));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const made = await one.scim('POST', '/Users', entraUser('ada@northmill.example'), token);
    expect(made.status).toBe(201);
    const begun = Date.now();
    await until('the first event', () => watcher.text().includes('ada@northmill.example'), 10_000);
    const told = Date.now() - begun;
    await one.scim('POST', '/Users', entraUser('bob@northmill.example'), token);
    await one.kill();
    await until(
      'the last state of what the dead one left',
      () =>
        watcher
          .text()
          .split('\n\n')
          .some((event) => event.includes('bob@northmill.example') && event.includes('SYNCED')),
      90_000,
    );
    // Two seconds on a machine that has nothing else to do.
    expect(told).toBeLessThan(8_000);
    watcher.close();
  }, 120_000);
});

it('a process with open streams stops in time', async () => {
  const usher = await Usher.start({ QUICKSTART: 'off', ADMIN_API_KEY: KEY });
  const streams = await Promise.all(Array.from({ length: 10 }, () => stream(usher, CHANGED)));
  const begun = Date.now();
  expect(await usher.terminate()).toBe(0);
  expect(Date.now() - begun).toBeLessThan(5_000);
  await Promise.all(streams.map(({ ended }) => ended));
  for (const { text } of streams) expect(text()).not.toContain('complete');
  await usher.stop();
}, 60_000);
