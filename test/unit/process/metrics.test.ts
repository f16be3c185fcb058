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
import { createMetrics } from '../../../src/telemetry/metrics';

describe('metrics', () => {
  it('count bindings by target and state, seldom', async () => {
    const metrics = createMetrics('1.2.3');
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
    const text = await metrics.metrics();
    expect(text).toContain('usher_bindings{target="one",state="PARKED"} 3\n');
    expect(text).toContain('usher_bindings{target="two",state="SYNCED"} 0\n');
    await metrics.metrics();
    expect(counted).toBe(16);
  });
});

describe('/metrics', () => {
  let listener: Listener;
  const metrics = createMetrics('1.2.3');
  const keys: Record<string, Role> = { look: 'AUDITOR', rule: 'ADMINISTRATOR' };

  beforeAll(async () => {
    const app = express();
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
