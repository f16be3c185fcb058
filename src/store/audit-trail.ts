/** The audit trail in MongoDB: puts facts at the end of their chains. */
import { setTimeout as pause } from 'node:timers/promises';
import { v7 as timeOrderedId } from 'uuid';
import { type AuditEvent, type AuditFact } from '../domain/audit';
import { CHAIN_START, type ChainPosition, chained } from '../domain/audit-chain';
import { type AuditRecorder } from '../domain/audit-ports';
import { Batcher } from './batcher';
import { documents } from './documents';
import { isDuplicateKey } from './duplicate-key';
import { type AuditEventDocument, type AuditModels } from './models/audit.model';

/** Others append to the same chain at the same time. */
const MOST_ATTEMPTS = 100;
const LONGEST_PAUSE_MS = 50;
const MOST_HEADS = 10_000;

/**
 * What comes together is one command; one at a time, since the events of a chain follow from each other. Other processes are
 * kept apart by the keys of the events: of two that follow the same event only one can be inserted.
 */
export class MongoAuditTrail implements AuditRecorder {
  private readonly heads = new Map<string, ChainPosition>();
  private readonly batcher: Batcher<AuditFact, undefined>;

  constructor(private readonly models: AuditModels) {
    this.batcher = new Batcher(
      async (facts) => {
        await this.append(facts);
        return facts.map(() => undefined);
      },
      { together: 500, underWay: 1 },
    );
  }

  async record(facts: readonly AuditFact[]): Promise<void> {
    await Promise.all(facts.map((fact) => this.batcher.submit(fact)));
  }

  /** In order, so that a chain has no gaps whenever the command is cut short. */
  private async append(facts: readonly AuditFact[]): Promise<void> {
    let left: readonly AuditFact[] = [...new Map(facts.map((fact) => [fact.id, fact])).values()];
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      if (attempt > 1) await pause(Math.random() * Math.min(LONGEST_PAUSE_MS, 2 ** attempt));
      const events = await this.place(left);
      try {
        await documents(this.models.events).insertMany(events.map(toDocument), { ordered: true });
        for (const { chain, seq, hash } of events) this.heads.set(chain, { seq, hash });
        return;
      } catch (error) {
        for (const { chain } of events) this.heads.delete(chain);
        if (!isDuplicateKey(error)) throw error;
        // Either somebody else took the place, or the fact is there already.
        left = await this.missing(left);
        if (left.length === 0) return;
      }
    }
    throw new Error('Others keep writing to the same chain of the audit trail');
  }

  private async place(facts: readonly AuditFact[]): Promise<readonly AuditEvent[]> {
    if (this.heads.size > MOST_HEADS) this.heads.clear();
    const chains = [...new Set(facts.map(({ chain }) => chain))];
    const heads = new Map(
      await Promise.all(
        chains.map(async (chain) => {
          const head = this.heads.get(chain) ?? (await headOf(this.models, chain));
          return [chain, head] as const;
        }),
      ),
    );
    return facts.map((fact) => {
      const event = chained(fact, heads.get(fact.chain) ?? CHAIN_START, timeOrderedId());
      heads.set(fact.chain, event);
      return event;
    });
  }

  private async missing(facts: readonly AuditFact[]): Promise<readonly AuditFact[]> {
    const found = await documents(this.models.events)
      .find<Pick<AuditEventDocument, 'event'>>(
        { event: { $in: facts.map(({ id }) => id) } },
        { projection: { event: 1 }, batchSize: facts.length + 1 },
      )
      .toArray();
    const known = new Set(found.map(({ event }) => event));
    return facts.filter(({ id }) => !known.has(id));
  }
}

/** Where a chain ends now. */
export async function headOf(models: AuditModels, chain: string): Promise<ChainPosition> {
  const last = await documents(models.events).findOne<ChainPosition>(
    { _id: rangeOf(chain) },
    { projection: { seq: 1, hash: 1 }, sort: { _id: -1 } },
  );
  // Events are purged only after it is noted where they ended, so that one of the two is always there.
  return last ?? (await anchorOf(models, chain));
}

/** Where the events that were purged from a chain ended. */
export async function anchorOf({ anchors }: AuditModels, chain: string): Promise<ChainPosition> {
  const anchor = await documents(anchors).findOne({ _id: chain });
  return anchor ?? CHAIN_START;
}

/** The keys of a chain's events, after the given one. */
export function rangeOf(
  chain: string,
  afterSeq = 0,
): { readonly $gt: string; readonly $lt: string } {
  return { $gt: keyOf(chain, afterSeq), $lt: `${chain};` };
}

/** Sixteen digits hold every whole number that JavaScript knows exactly. */
export function keyOf(chain: string, seq: number): string {
  return `${chain}:${String(seq).padStart(16, '0')}`;
}

export function toDocument({ id, ...event }: AuditEvent): AuditEventDocument {
  return { _id: keyOf(event.chain, event.seq), event: id, ...event };
}

export function toEvent({ _id, event, ...rest }: AuditEventDocument): AuditEvent {
  return { id: event, ...rest };
}
