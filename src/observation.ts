/** What is measured, and `/metrics`, where holders of an API key read it. */
import express, { type RequestHandler, type Router } from 'express';
import { type ApiKeys, roleIncludes } from './administration/api-keys';
import { type CallObserver } from './delivery/call-observer';
import { type BindingState } from './domain/binding';
import { type BindingReader, type TargetStore } from './domain/ports';
import { type Role } from './domain/credential';
import { type Metrics, type Sample } from './telemetry/metrics';

/** Calls into connectors, by connector, operation and outcome. */
export function observeCalls(metrics: Metrics): CallObserver {
  const seconds = metrics.histogram(
    'usher_connector_call_seconds',
    'Calls into connectors: how many, and how long they took.',
  );
  return ({ connector, operation, outcome, seconds: took }) =>
    seconds({ connector, operation, outcome }, took);
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** SCIM requests by method and status. */
export function observeRequests(metrics: Metrics): RequestHandler {
  const seconds = metrics.histogram(
    'usher_scim_request_seconds',
    'SCIM requests: how many, and how long the answer took.',
  );
  return (request, response, next) => {
    const begun = performance.now();
    const method = METHODS.has(request.method) ? request.method : 'other';
    response.once('finish', () => {
      const status = String(response.statusCode);
      seconds({ method, status }, (performance.now() - begun) / 1_000);
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
  metrics: Metrics,
  deps: {
    readonly bindings: Pick<BindingReader, 'count'>;
    readonly targets: Pick<TargetStore, 'all'>;
  },
): void {
  let counted: Promise<readonly Sample[]> = Promise.resolve([]);
  let countedAt = -Infinity;
  const count = async (): Promise<readonly Sample[]> => {
    const samples: Sample[] = [];
    for (const { id } of await deps.targets.all()) {
      for (const state of STATES) {
        const value = await deps.bindings.count({ targetId: id, states: [state] });
        samples.push({ labels: { target: id, state }, value });
      }
    }
    return samples;
  };
  metrics.gauge('usher_bindings', 'Resources in a target, by the state of their delivery.', () => {
    if (Date.now() - countedAt > FRESH_MS) {
      countedAt = Date.now();
      counted = count();
      // A store that is away is asked again by the next look.
      counted.catch(() => (countedAt = -Infinity));
    }
    return counted;
  });
}

const READER: Role = 'AUDITOR';

/** `/metrics`, for holders of an API key: behind a proxy everybody seems to come from this machine. */
export function createMetricsRouter(deps: {
  readonly metrics: Metrics;
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
    const text = await deps.metrics.text();
    response.set('content-type', 'text/plain; version=0.0.4; charset=utf-8').send(text);
  });
  return router;
}
