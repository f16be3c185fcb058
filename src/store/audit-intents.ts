/** Commands that have begun: the port `AuditIntents`. */
import { type AuditFact } from '../domain/audit';
import { type AuditIntents, type AuditRecorder } from '../domain/audit-ports';
import { documents } from './documents';
import { type AuditIntentDocument, type AuditModels } from './models/audit.model';

export class MongoAuditIntents implements AuditIntents {
  constructor(
    private readonly models: Pick<AuditModels, 'intents'>,
    private readonly trail: AuditRecorder,
  ) {}

  async begin({ id, ...fact }: AuditFact): Promise<void> {
    await documents(this.models.intents).insertOne({ _id: id, ...fact });
  }

  async abandon(id: string): Promise<void> {
    await documents(this.models.intents).deleteOne({ _id: id });
  }

  /** In this order: should the process die in between, the fact is there, and noting it once more changes nothing. */
  async finish(fact: AuditFact): Promise<void> {
    await this.trail.record([fact]);
    await this.abandon(fact.id);
  }

  async settle(before: Date, limit: number): Promise<number> {
    const left = await documents(this.models.intents)
      .find({ at: { $lt: before } }, { sort: { at: 1 }, limit })
      .toArray();
    if (left.length === 0) return 0;
    await this.trail.record(left.map(unknown));
    const ids = left.map(({ _id }) => _id);
    await documents(this.models.intents).deleteMany({ _id: { $in: ids } });
    return left.length;
  }
}

function unknown({ _id, ...fact }: AuditIntentDocument): AuditFact {
  return { ...fact, id: _id, outcome: 'UNKNOWN' };
}
