/** Directories that ask, over real HTTP: who is answered, with what, and what nobody learns. */
import express from 'express';
import {
  type Capabilities,
  type Connector,
  ConnectorError,
  type DirectoryRequest,
  type DirectoryResponse,
} from '../../../connectors/spi';
import { systemClock } from '../../../src/delivery/clock';
import { ConnectorHost } from '../../../src/delivery/connectors/connector-host';
import { DirectoryQuestions } from '../../../src/delivery/connectors/directory-questions';
import { type Target } from '../../../src/domain/target';
import { type Listener, listen } from '../../../src/listen';
import { createTargetRequests, TARGETS_PATH } from '../../../src/target-requests';
import { FakeDirectory } from '../../support/fake-connector';
import { until } from '../../support/daemon';

const at = new Date(0);
const target = (id: string, more: Partial<Target> = {}): Target => ({
  id,
  name: id,
  connector: 'asking',
  settings: { mode: 'rest' },
  secrets: {},
  version: 1,
  createdAt: at,
  updatedAt: at,
  ...more,
});

describe('requests to targets', () => {
  const logged: object[] = [];
  const asked: DirectoryRequest[] = [];
  let respond: NonNullable<Connector['answer']>;
  let lookUps = 0;
  let listener: Listener;

  const answerTimes = { deadlineMs: 100, graceMs: 50 };
  const declared: Capabilities = { ...new FakeDirectory().type.capabilities, answers: true };
  const asking = new FakeDirectory({
    id: 'asking',
    capabilities: { answers: true },
    answer: (request, call) => {
      asked.push(request);
      return respond(request, call);
    },
    capabilitiesFor: (settings) => ({
      ...declared,
      answers: (settings as { mode?: string }).mode === 'rest',
    }),
  });
  const mute = new FakeDirectory({ id: 'mute', answer: async () => plain('never declared') });
  const targets = [
    target('rest'),
    target('sql', { settings: { mode: 'sql' } }),
    target('undeclared', { connector: 'mute' }),
    target('unloaded', { connector: 'elsewhere' }),
  ];

  const plain = (body: string): DirectoryResponse => ({
    status: 200,
    headers: { 'content-type': 'text/plain' },
    body,
  });
  const fetchTarget = (path: string, init?: RequestInit): Promise<Response> =>
    fetch(`${listener.url}${TARGETS_PATH}/${path}`, init);

  beforeAll(async () => {
    const types = [asking.type, mute.type];
    const host = new ConnectorHost({
      clock: systemClock,
      registry: { get: (id) => types.find((type) => type.id === id), all: () => types },
      dataDir: '.',
      log: () => undefined,
      workers: 1,
      times: { deadlineMs: 20_000, graceMs: 10 },
      answerTimes,
    });
    const questions = new DirectoryQuestions({
      targets: {
        find: async (id) => {
          lookUps += 1;
          return targets.find((one) => one.id === id);
        },
      },
      host,
      clock: systemClock,
    });
    const app = express();
    const log = { warn: (fields: object) => logged.push(fields) };
    app.use(TARGETS_PATH, createTargetRequests({ questions, log: log as never }));
    listener = await listen({ host: '127.0.0.1', port: 0 });
    listener.serve(app);
  });
  afterAll(() => listener.close(100));
  beforeEach(() => {
    asked.length = 0;
    logged.length = 0;
    lookUps = 0;
    respond = async () => plain('hello');
  });

  it('reach the connector as they were sent, and its answer comes back', async () => {
    respond = async () => ({
      status: 401,
      headers: { 'content-type': 'application/json', 'x-more': 'yes' },
      body: new TextEncoder().encode('{"a":"ü"}'),
    });
    const answer = await fetchTarget('rest/authorize/a%2Fb?realm=x&y=%20', {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json', 'X-Key': 'k' },
      body: '{"not parsed": 1',
    });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('x-more')).toBe('yes');
    expect(await answer.json()).toEqual({ a: 'ü' });
    expect(asked[0]).toMatchObject({ method: 'PUT', path: '/authorize/a%2Fb?realm=x&y=%20' });
    expect(asked[0]?.headers).toMatchObject({ 'x-key': 'k', 'content-type': 'application/json' });
    expect(Buffer.from(asked[0]?.body ?? []).toString()).toBe('{"not parsed": 1');
  });

  it('have an empty body and the path / when that is all there is', async () => {
    expect(await (await fetchTarget('rest')).text()).toBe('hello');
    expect(asked[0]).toMatchObject({ method: 'GET', path: '/', body: new Uint8Array() });
  });

  it.each([['sql/x'], ['undeclared/x'], ['nobody/x'], ['']])(
    'are 404 at %j, where nothing answers',
    async (path) => {
      const answer = await fetchTarget(path, { method: 'POST', body: 'x' });
      expect(answer.status).toBe(404);
      expect(asked).toEqual([]);
    },
  );

  it('cost one look into the store in a while', async () => {
    // The second may pass in between once.
    for (let round = 0; round < 20; round += 1) await fetchTarget('rest/x');
    expect(asked).toHaveLength(20);
    expect(lookUps).toBeLessThan(10);
  });

  it('with more than 64 KiB are refused before anybody sees them', async () => {
    const most = await fetchTarget('rest', { method: 'POST', body: 'x'.repeat(65_536) });
    expect(most.status).toBe(200);
    const more = await fetchTarget('rest', { method: 'POST', body: 'x'.repeat(65_537) });
    expect(more.status).toBe(413);
    expect(asked).toHaveLength(1);
  });

  it('with a compressed body are refused', async () => {
    const headers = { 'content-encoding': 'gzip' };
    expect((await fetchTarget('rest', { method: 'POST', headers, body: 'x' })).status).toBe(415);
    expect(asked).toEqual([]);
  });

  it.each<[string, NonNullable<Connector['answer']>]>([
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
    [
      'fails',
      async () => {
        throw new ConnectorError('unavailable', 'secret');
      },
    ],
    ['answers nothing', async () => undefined as unknown as DirectoryResponse],
    ['has an impossible status', async () => ({ ...plain('secret'), status: 99 })],
    ['has a switching status', async () => ({ ...plain('secret'), status: 101 })],
    ['splits headers', async () => ({ ...plain('secret'), headers: { a: 'b\r\nc: d' } })],
    ['has a header that is none', async () => ({ ...plain('secret'), headers: { 'a b': 'c' } })],
    ['has a header beyond Latin-1', async () => ({ ...plain('secret'), headers: { a: '漢' } })],
    [
      'has a length of its own',
      async () => ({ ...plain('secret'), headers: { 'Content-Length': '1' } }),
    ],
    ['has a body of another kind', async () => ({ ...plain(''), body: { secret: 1 } as never })],
    ['has too much of a body', async () => plain('secret'.repeat(200_000))],
    ['never comes back', () => new Promise(() => undefined)],
  ])('are 503 without a word more where the connector %s', async (_what, broken) => {
    respond = broken;
    const answer = await fetchTarget('rest', { method: 'POST', body: 'name' });
    expect(answer.status).toBe(503);
    expect(await answer.text()).toBe('Not available now.\n');
    expect(logged).toHaveLength(1);
    expect(JSON.stringify(logged)).toContain('"targetId":"rest"');
    expect(JSON.stringify(logged)).not.toContain('secret');
  });

  it('are 503 where the target cannot be opened', async () => {
    expect((await fetchTarget('unloaded/x')).status).toBe(503);
  });

  it('are told when their time is up', async () => {
    let aborted = false;
    respond = (_request, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted = true;
          resolve(plain('too late for more'));
        });
      });
    expect(await (await fetchTarget('rest')).text()).toBe('too late for more');
    expect(aborted).toBe(true);
  });

  it('do not wait for each other, and beyond a limit are refused at once', async () => {
    answerTimes.deadlineMs = 60_000;
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    respond = async () => {
      await held;
      return plain('at last');
    };
    const many = Array.from({ length: 300 }, () =>
      fetchTarget('rest').then(({ status }) => status),
    );
    await until('the limit to be reached', async () => asked.length === 256 && logged.length >= 44);
    release();
    const statuses = await Promise.all(many);
    expect(statuses.filter((status) => status === 200)).toHaveLength(256);
    expect(statuses.filter((status) => status === 503)).toHaveLength(44);
  });
});
