/** What is measured, and `/metrics`, where holders of an API key read it. */
import express, { type RequestHandler, type Router } from 'express';
import { Gauge, Histogram, type Registry } from 'prom-client';
import { type ApiKeys, roleIncludes } from './administration/api-keys';
import { type CallObserver } from './delivery/call-observer';
import { type BindingState } from './domain/binding';
import { type BindingReader, type TargetStore } from './domain/ports';
import { type Role } from './domain/credential';
import { DURATION_BUCKETS } from './telemetry/metrics';

/** Calls into connectors, by connector, operation and outcome. */
export function observeCalls(metrics: Registry): CallObserver {
  const calls = new Histogram({
    name: 'usher_connector_call_seconds',
    help: 'Calls into connectors: how many, and how long they took.',
    labelNames: ['connector', 'operation', 'outcome'],
    buckets: DURATION_BUCKETS,
    registers: [metrics],
  });
  return ({ seconds, ...labels }) => calls.observe(labels, seconds);
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** SCIM requests by method and status. */
export function observeRequests(metrics: Registry): RequestHandler {
  const requests = new Histogram({
    name: 'usher_scim_request_seconds',
    help: 'SCIM requests: how many, and how long the answer took.',
    labelNames: ['method', 'status'],
    buckets: DURATION_BUCKETS,
    registers: [metrics],
  });
  return (request, response, next) => {
    const begun = performance.now();
    const method = METHODS.has(request.method) ? request.method : 'other';
    response.once('finish', () => {
      const status = String(response.statusCode);
      requests.observe({ method, status }, (performance.now() - begun) / 1_000);
    });
    next();
  };
}

const FRESH_MS = 10_000;
const STATES: readonly BindingState[] = [
  ...(['PENDING', 'DELIVERING', 'SYNCED', 'RETRYING'] as const),
  ...(['PARKED', 'HELD', 'OUT_OF_SCOPE', 'REMOVED'] as const),
];

/** Bindings by target and state; counted anew after a while only, however often somebody looks. */
export function observeBindings(
  metrics: Registry,
  deps: {
    readonly bindings: Pick<BindingReader, 'count'>;
    readonly targets: Pick<TargetStore, 'all'>;
  },
): void {
  const gauge = new Gauge({
    name: 'usher_bindings',
    help: 'Resources in a target, by the state of their delivery.',
    labelNames: ['target', 'state'],
    registers: [metrics],
    collect: () => counted(),
  });
  const count = async (): Promise<void> => {
    const targets = await deps.targets.all();
    gauge.reset();
    for (const { id: target } of targets) {
      for (const state of STATES) {
        const amount = await deps.bindings.count({ targetId: target, states: [state] });
        gauge.set({ target, state }, amount);
      }
    }
  };
  let counting = Promise.resolve();
  let countedAt = -Infinity;
  const counted = (): Promise<void> => {
    if (performance.now() - countedAt > FRESH_MS) {
      countedAt = performance.now();
      // A store that is away is asked again by the next look.
      counting = count().catch(() => {
        gauge.reset();
        countedAt = -Infinity;
      });
    }
    return counting;
  };
}

const READER: Role = 'AUDITOR';

/** `/metrics`, for holders of an API key: behind a proxy everybody seems to come from this machine. */
export function createMetricsRouter(deps: {
  readonly metrics: Registry;
  readonly apiKeys: Pick<ApiKeys, 'authenticate'>;
}): Router {
  const router = express.Router();
  router.get('/metrics', async (request, response) => {
    const token = /^bearer +([^\s]+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    const known = token === undefined ? undefined : await deps.apiKeys.authenticate(token);
    if (!known || !roleIncludes(known.key.role, READER)) {
      response
        .status(401)
        .set('www-authenticate', 'Bearer')
        .type('text/plain')
        .send('Send an API key: "Authorization: Bearer <API key>".\n');
      return;
    }
    const text = await deps.metrics.metrics();
    response.set('content-type', deps.metrics.contentType).send(text);
  });
  return router;
}
