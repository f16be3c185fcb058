/** Forgets events that are older than they are kept: the port `AuditRetention`. */
import { v7 as timeOrderedId } from 'uuid';
import { type AuditFact, GATEWAY_CHAIN, SYSTEM_ACTOR } from '../domain/audit';
import { type AuditRecorder, type AuditRetention } from '../domain/audit-ports';
import { rangeOf } from './audit-trail';
import { documents } from './documents';
import {
  type AuditAnchorDocument,
  type AuditEventDocument,
  type AuditModels,
} from './models/audit.model';

type Old = Pick<AuditEventDocument, '_id' | 'seq' | 'hash' | 'at'>;

export class MongoAuditRetention implements AuditRetention {
  constructor(
    private readonly models: AuditModels,
    private readonly trail: AuditRecorder,
  ) {}

  /** One look-up by key for each of them: from the last event of one to the first of the next. */
  async chains(after: string | undefined, limit: number): Promise<readonly string[]> {
    const found: string[] = [];
    for (let last = after; found.length < limit;) {
      const next = await documents(this.models.events).findOne<Pick<AuditEventDocument, 'chain'>>(
        last === undefined ? {} : { _id: { $gt: `${last};` } },
        { projection: { chain: 1 }, sort: { _id: 1 } },
      );
      if (!next) break;
      last = next.chain;
      found.push(last);
    }
    return found;
  }

  /**
   * First it is kept where the events end, then it is told, then they go. Whoever comes after a crash begins with what was
   * left half done.
   */
  async purge(chain: string, before: Date, limit: number): Promise<number> {
    const anchor = await documents(this.models.anchors).findOne({ _id: chain });
    if (anchor) await this.carryOut(anchor);
    const first = await documents(this.models.events)
      .find<Old>(
        { _id: rangeOf(chain) },
        { projection: { seq: 1, hash: 1, at: 1 }, sort: { _id: 1 }, limit },
      )
      .toArray();
    const young = first.findIndex(({ at }) => at >= before);
    const old = young < 0 ? first : first.slice(0, young);
    const last = old.at(-1);
    if (!last) return 0;
    const next: AuditAnchorDocument = {
      _id: chain,
      seq: last.seq,
      hash: last.hash,
      event: timeOrderedId(),
      upTo: last.at,
    };
    if (!(await this.keep(next, anchor?.seq))) return 0;
    await this.carryOut(next);
    return old.length;
  }

  /** False: another process purges the same chain at the same time, and was first. */
  private async keep(
    { _id, ...anchor }: AuditAnchorDocument,
    seen: number | undefined,
  ): Promise<boolean> {
    const anchors = documents(this.models.anchors);
    if (seen !== undefined) {
      return (await anchors.updateOne({ _id, seq: seen }, { $set: anchor })).matchedCount === 1;
    }
    const made = await anchors.updateOne({ _id }, { $setOnInsert: anchor }, { upsert: true });
    return made.upsertedCount === 1;
  }

  private async carryOut({ _id: chain, seq, event, upTo }: AuditAnchorDocument): Promise<void> {
    const gone = { _id: rangeOf(chain), seq: { $lte: seq } };
    const left = await documents(this.models.events).findOne(gone, { projection: { _id: 1 } });
    if (!left) return;
    await this.trail.record([purged(chain, seq, event, upTo)]);
    await documents(this.models.events).deleteMany(gone);
  }
}

function purged(chain: string, seq: number, id: string, upTo: Date): AuditFact {
  return {
    id,
    at: new Date(),
    chain: GATEWAY_CHAIN,
    category: 'SYSTEM',
    action: 'audit.purged',
    outcome: 'DONE',
    actor: SYSTEM_ACTOR,
    input: JSON.stringify({ chain, upToSeq: seq, upTo }),
  };
}
