/** What is measured, in the format of Prometheus, and who may read it. */
import express from 'express';
import { type ApiKey, type Role } from '../../../src/domain/credential';
import { type Listener, listen } from '../../../src/listen';
import {
  createMetricsRouter,
  observeBindings,
  observeCalls,
  observeRequests,
} from '../../../src/observation';
import { Metrics, observeProcess } from '../../../src/telemetry/metrics';

describe('metrics', () => {
  it('count by labels, and escape what is in them', async () => {
    const metrics = new Metrics();
    const count = metrics.counter('things_total', 'Things.');
    count({ kind: 'a' });
    count({ kind: 'a' });
    count({ kind: 'b"\\\n' });
    expect(await metrics.text()).toBe(
      '# HELP things_total Things.\n# TYPE things_total counter\nthings_total{kind="a"} 2\nthings_total{kind="b\\"\\\\\\n"} 1\n',
    );
  });

  it('sort durations into cumulative buckets', async () => {
    const metrics = new Metrics();
    const note = metrics.histogram('took_seconds', 'Took.');
    for (const seconds of [0.0005, 0.3, 100]) note({ of: 'x' }, seconds);
    const lines = (await metrics.text()).split('\n');
    expect(lines).toContain('took_seconds_bucket{of="x",le="0.001"} 1');
    expect(lines).toContain('took_seconds_bucket{of="x",le="0.5"} 2');
    expect(lines).toContain('took_seconds_bucket{of="x",le="30"} 2');
    expect(lines).toContain('took_seconds_bucket{of="x",le="+Inf"} 3');
    expect(lines).toContain('took_seconds_sum{of="x"} 100.3005');
    expect(lines).toContain('took_seconds_count{of="x"} 3');
  });

  it('stay few, whatever the labels', async () => {
    const metrics = new Metrics();
    const count = metrics.counter('many_total', 'Many.');
    for (let index = 0; index < 3_000; index += 1) count({ index: String(index) });
    const lines = (await metrics.text()).trim().split('\n');
    expect(lines).toHaveLength(2 + 2_001);
    expect(lines).toContain('many_total{index="other"} 1000');
  });

  it('count bindings by target and state, seldom', async () => {
    const metrics = new Metrics();
    let counted = 0;
    observeBindings(metrics, {
      bindings: {
        count: async ({ targetId, states }) => {
          counted += 1;
          return targetId === 'one' && states?.[0] === 'PARKED' ? 3 : 0;
        },
      },
      targets: { all: async () => [{ id: 'one' }, { id: 'two' }] as never },
    });
    const text = await metrics.text();
    expect(text).toContain('usher_bindings{target="one",state="PARKED"} 3\n');
    expect(text).toContain('usher_bindings{target="two",state="SYNCED"} 0\n');
    await metrics.text();
    expect(counted).toBe(16);
  });
});

describe('/metrics', () => {
  let listener: Listener;
  const metrics = new Metrics();
  const keys: Record<string, Role> = { look: 'AUDITOR', rule: 'ADMINISTRATOR' };

  beforeAll(async () => {
    const app = express();
    observeProcess(metrics, '1.2.3');
    app.use('/scim/v2', observeRequests(metrics), (_request, response) => {
      response.status(404).end();
    });
    const authenticate = async (token: string) => {
      const role = keys[token];
      return role === undefined ? undefined : { key: { role } as ApiKey };
    };
    app.use(createMetricsRouter({ metrics, apiKeys: { authenticate } }));
    listener = await listen({ host: '127.0.0.1', port: 0 });
    listener.serve(app);
  });
  afterAll(() => listener.close(100));

  const get = (authorization?: string): Promise<Response> =>
    fetch(`${listener.url}/metrics`, { headers: authorization ? { authorization } : {} });

  it.each([[undefined], ['Bearer wrong'], ['Basic bG9vaw=='], ['Bearer ']])(
    'is closed to %j, also from this machine',
    async (authorization) => {
      const answer = await get(authorization);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(await answer.text()).not.toContain('usher_');
    },
  );

  it.each(['look', 'rule'])('is open to the key "%s"', async (token) => {
    const answer = await get(`Bearer ${token}`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await answer.text();
    expect(text).toContain('usher_info{version="1.2.3"} 1\n');
    expect(text).toMatch(/^process_resident_memory_bytes \d{6,}$/m);
    expect(text).toMatch(/^process_start_time_seconds \d{10}$/m);
    // Every line is a comment or a sample.
    const sample = /^(#.*|[a-z_\d]+(\{([a-z]+="[^"]*",?)+\})? [-+.\de]+)$/;
    expect(
      text
        .trim()
        .split('\n')
        .filter((line) => !sample.test(line)),
    ).toEqual([]);
  });

  it('tells requests by method and status, and no path or person', async () => {
    await fetch(`${listener.url}/scim/v2/Users?filter=ada`);
    await fetch(`${listener.url}/scim/v2/Users/ada`, { method: 'OPTIONS' });
    observeCalls(metrics)({ connector: 'ldap', operation: 'read', outcome: 'ok', seconds: 0.01 });
    const text = await (await get('Bearer look')).text();
    expect(text).toContain('usher_scim_request_seconds_count{method="GET",status="404"} 1\n');
    expect(text).toContain('usher_scim_request_seconds_count{method="other",status="404"} 1\n');
    expect(text).toContain(
      'usher_connector_call_seconds_count{connector="ldap",operation="read",outcome="ok"} 1\n',
    );
    expect(text).not.toContain('ada');
  });
});
