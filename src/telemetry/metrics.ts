/** The registry of metrics. Labels are ids, kinds and codes that the process knows beforehand, never names of people. */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** In seconds: a local database answers in one step, a directory far away takes ten, a deadline is thirty. */
export const DURATION_BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30];

/** A registry that tells of the process itself: memory, processor time, event loop, and the version that runs. */
export function createMetrics(version: string): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'usher_info',
    help: 'The version that runs.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1);
  return registry;
}
