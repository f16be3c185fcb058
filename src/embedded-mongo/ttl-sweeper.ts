import { deleteDocuments } from './commands/modify';
import { type ServerContext } from './commands/context';
import { type Filter } from './query/filter';
import { type IndexDefinition, type KeyField } from './index/definition';

const EVERY_MS = 60_000;
/** Deleted per transaction, so that clients wait only shortly. */
const PORTION = 500;

/** Deletes expired documents, as MongoDB's TTL indexes promise. */
export class TtlSweeper {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly context: ServerContext,
    private readonly cursorIdleMs: number,
  ) {}

  start(): void {
    this.timer = setInterval(
      () => {
        this.context.cursors.reap(Date.now());
        this.running ??= this.sweep().finally(() => (this.running = undefined));
      },
      Math.min(EVERY_MS, this.cursorIdleMs),
    );
    this.timer.unref();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.running;
  }

  /** Deletes what has expired by now in all collections. */
  async sweep(): Promise<void> {
    const collections = this.context.store.read(({ catalog }) => catalog.all());
    for (const { database, name, indexes } of collections) {
      for (const index of indexes) {
        if (index.expireAfterSeconds === undefined) continue;
        await this.sweepIndex({ database, name }, index);
      }
    }
  }

  private async sweepIndex(
    where: { database: string; name: string },
    index: IndexDefinition,
  ): Promise<void> {
    const { path, parts } = index.fields[0] as KeyField;
    const before = new Date(Date.now() - (index.expireAfterSeconds as number) * 1000);
    const expired: Filter = { kind: 'field', path, parts, test: { op: 'lte', value: before } };
    const filter: Filter =
      index.partial === undefined
        ? expired
        : { kind: 'and', filters: [expired, index.partial.filter] };
    const target = { filter, sort: [], hint: undefined, limit: PORTION, deadline: 0 };
    for (;;) {
      if (this.stopped) return;
      const { deleted } = await this.context.writes
        .submit((transaction) => deleteDocuments(transaction, where, target))
        // A failed portion, on a full disk for example, is tried again at the next sweep.
        .catch(() => ({ deleted: 0 }));
      if (deleted < PORTION) return;
    }
  }
}
