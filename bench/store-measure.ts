/** Times the store's commands and sets them beside the prototype's figures. */
import { type mongo } from 'mongoose';
import { commitLatency } from './store-calibration';
import { type Figure } from './store-table';

/** The prototype's fastest command at each concurrency, hence the least its ping can have been. */
const PROTOTYPE_FASTEST = new Map([
  [1, 6400],
  [8, 11_600],
  [32, 13_900],
]);
/** What a flush cost the prototype. */
const PROTOTYPE_FLUSH_MS = 0.03;

/** One kind of command, run again and again. */
export interface Work {
  readonly name: string;
  readonly concurrency: number;
  readonly total: number;
  readonly reference?: readonly [number, number];
  /** The client waits for a commit of its own in every turn. */
  readonly commits?: boolean;
  readonly run: (n: number) => Promise<unknown>;
}

/** What work came to. */
interface Outcome {
  readonly rate: number;
  /** Milliseconds of the median turn. */
  readonly p50: number;
  /** Microseconds of processor per turn, client and server together. */
  readonly cpu: number;
}

const PINGS = 600;

/** Runs work and collects figures. */
export class Bench {
  readonly figures: Figure[] = [];

  constructor(
    private readonly database: mongo.Db,
    private readonly directory: string,
  ) {}

  add(figure: Figure): void {
    this.figures.push(figure);
  }

  async time({ concurrency, total, run }: Omit<Work, 'name'>): Promise<Outcome> {
    let next = 0;
    const times: number[] = [];
    const used = process.cpuUsage();
    const begin = performance.now();
    const lane = async (): Promise<void> => {
      while (next < total) {
        const n = next;
        next += 1;
        const started = performance.now();
        await run(n);
        times.push(performance.now() - started);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, lane));
    const seconds = (performance.now() - begin) / 1000;
    const { user, system } = process.cpuUsage(used);
    times.sort((a, b) => a - b);
    const p50 = times[Math.floor(times.length / 2)] ?? 0;
    return { rate: total / seconds, p50, cpu: (user + system) / total };
  }

  /** Round trips per second of a command that does nothing. */
  private async pings(concurrency: number): Promise<number> {
    const run = (): Promise<unknown> => this.database.command({ ping: 1 });
    return (await this.time({ concurrency, total: PINGS * Math.min(concurrency, 4), run })).rate;
  }

  /** Runs work between two calibrations, because the machine may be another one a second later. */
  private async calibrated(work: Work): Promise<Outcome & { ping: number; commitMs: number }> {
    const before = await this.pings(work.concurrency);
    const flushed = work.commits === true ? commitLatency(this.directory) : 0;
    const outcome = await this.time(work);
    const commitMs = work.commits === true ? (flushed + commitLatency(this.directory)) / 2 : 0;
    const after = await this.pings(work.concurrency);
    return { ...outcome, ping: (before + after) / 2, commitMs };
  }

  /** A figure of turns per second. */
  async rate(work: Work): Promise<void> {
    const { rate, p50, cpu, ping, commitMs } = await this.calibrated(work);
    const { name, concurrency, reference } = work;
    const commit = commitMs === 0 ? '' : `, disk's part of a commit ${commitMs.toFixed(2)} ms`;
    this.add({
      name: `${name}, ${concurrency} in flight`,
      value: rate,
      unit: '/s',
      ...(reference && {
        reference,
        expected: expected(reference[1], concurrency, ping, commitMs),
      }),
      note: `ping ${Math.round(ping)}/s, p50 ${p50.toFixed(2)} ms, cpu ${Math.round(cpu)} us${commit}`,
    });
  }

  /** A figure of documents per second of work that handles many in every turn. */
  async documents(work: Work, perTurn: number): Promise<void> {
    const { rate, ping, cpu } = await this.calibrated(work);
    const { name, reference } = work;
    this.add({
      name,
      value: rate * perTurn,
      unit: 'docs/s',
      ...(reference && { reference, expected: expected(reference[1], 1, ping, 0) }),
      note: `ping ${Math.round(ping)}/s, cpu ${(cpu / perTurn).toFixed(1)} us per document`,
    });
  }

  /** A figure of milliseconds per turn. */
  async duration(work: Work): Promise<void> {
    const { p50, ping, cpu } = await this.calibrated(work);
    const { name, reference } = work;
    this.add({
      name,
      value: p50,
      unit: 'ms',
      ...(reference && {
        reference,
        expected: 1000 / expected(1000 / reference[0], 1, ping, 0),
      }),
      note: `ping ${Math.round(ping)}/s, cpu ${(cpu / 1000).toFixed(1)} ms`,
    });
  }
}

/**
 * The prototype's figure at the speed the machine has now: it cannot have pinged slower than it ran its
 * fastest command, and whoever waits for a commit of his own waits for this disk.
 */
function expected(reference: number, concurrency: number, ping: number, commitMs: number): number {
  const fastest = PROTOTYPE_FASTEST.get(concurrency) ?? ping;
  const rate = reference * Math.min(1, ping / fastest);
  return 1000 / (1000 / rate + Math.max(0, commitMs - PROTOTYPE_FLUSH_MS));
}
