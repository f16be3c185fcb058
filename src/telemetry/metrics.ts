/**
 * Counters, gauges and histograms in the text format of Prometheus (version 0.0.4). Labels are ids, kinds and codes, never
 * names of people; every set of values is bounded by what the process knows beforehand.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export type Labels = Readonly<Record<string, string>>;

/** What a metric is at the moment. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly lines: () => Promise<readonly string[]> | readonly string[];
}

/** In seconds: a local database answers in one, a directory far away takes ten, a deadline is thirty. */
const BUCKETS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30];
/** Sets of labels of one metric; what comes later is counted under `other`. */
const MOST_SERIES = 2_000;

export class Metrics {
  private readonly families: Family[] = [];

  /** Counts what it is called for. */
  counter(name: string, help: string): (labels: Labels) => void {
    const series = new Series(() => ({ value: 0 }));
    this.families.push({ name, help, type: 'counter', lines: () => series.lines(name) });
    return (labels) => void (series.of(labels).value += 1);
  }

  /** Notes how long something took. */
  histogram(name: string, help: string): (labels: Labels, seconds: number) => void {
    const series = new Series(() => ({ counts: BUCKETS.map(() => 0), count: 0, sum: 0 }));
    const lines = (): readonly string[] =>
      series
        .entries()
        .flatMap(([labels, { counts, count, sum }]) => [
          ...BUCKETS.map((le, index) =>
            line(`${name}_bucket`, { ...labels, le: String(le) }, counts[index] ?? 0),
          ),
          line(`${name}_bucket`, { ...labels, le: '+Inf' }, count),
          line(`${name}_sum`, labels, sum),
          line(`${name}_count`, labels, count),
        ]);
    this.families.push({ name, help, type: 'histogram', lines });
    return (labels, seconds) => {
      const entry = series.of(labels);
      entry.count += 1;
      entry.sum += seconds;
      BUCKETS.forEach((le, index) => {
        if (seconds <= le) entry.counts[index] = (entry.counts[index] ?? 0) + 1;
      });
    };
  }

  /** Is asked whenever somebody looks. */
  gauge(
    name: string,
    help: string,
    samples: () => Promise<readonly Sample[]> | readonly Sample[],
  ): void {
    const lines = async (): Promise<readonly string[]> =>
      (await samples()).map(({ labels, value }) => line(name, labels, value));
    this.families.push({ name, help, type: 'gauge', lines });
  }

  /** All of it, as Prometheus reads it. */
  async text(): Promise<string> {
    const blocks = await Promise.all(
      this.families.map(async ({ name, help, type, lines }) =>
        [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...(await lines())].join('\n'),
      ),
    );
    return `${blocks.join('\n')}\n`;
  }
}

/** One value for each set of labels. */
class Series<Value extends object> {
  private readonly values = new Map<string, readonly [Labels, Value]>();

  constructor(private readonly make: () => Value) {}

  of(labels: Labels): Value {
    const key = JSON.stringify(Object.entries(labels));
    const known = this.values.get(key);
    if (known) return known[1];
    if (this.values.size >= MOST_SERIES && Object.values(labels).some((one) => one !== 'other')) {
      return this.of(Object.fromEntries(Object.keys(labels).map((name) => [name, 'other'])));
    }
    const value = this.make();
    this.values.set(key, [labels, value]);
    return value;
  }

  entries(): readonly (readonly [Labels, Value])[] {
    return [...this.values.values()];
  }

  lines(this: Series<{ value: number }>, name: string): readonly string[] {
    return this.entries().map(([labels, { value }]) => line(name, labels, value));
  }
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escape(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`;
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** What any process is asked for. */
export function observeProcess(metrics: Metrics, version: string): void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const one = (name: string, help: string, value: () => number): void =>
    metrics.gauge(name, help, () => [{ labels: {}, value: value() }]);
  metrics.gauge('usher_info', 'The version that runs.', () => [{ labels: { version }, value: 1 }]);
  one('process_start_time_seconds', 'When the process started.', () =>
    Math.round(Date.now() / 1_000 - process.uptime()),
  );
  one('process_cpu_seconds', 'CPU time used so far.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  one('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  one('nodejs_heap_used_bytes', 'Heap in use.', () => process.memoryUsage().heapUsed);
  one('nodejs_eventloop_delay_p99_seconds', 'Delay of the event loop since the last look.', () => {
    const p99 = delay.percentile(99) / 1e9;
    delay.reset();
    return Number.isFinite(p99) ? p99 : 0;
  });
}
