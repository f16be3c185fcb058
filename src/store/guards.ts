/** The guards of rules in MongoDB: the port `GuardStore`. */
import { type HeldFor } from '../domain/binding';
import {
  type Admission,
  type Counted,
  type GuardDecision,
  type GuardState,
  type GuardStore,
  type GuardSubject,
  type GuardTrip,
} from '../domain/guard';
import { documents } from './documents';
import { isDuplicateKey } from './duplicate-key';
import { type GuardDocument, type GuardModel, type PassedParts } from './models/guard.model';

/** What passed is counted in parts of the window: it is forgotten one part later than it could be, never earlier. */
const PARTS = 12;

/** Others trip, decide and make documents at the same time. */
const MOST_ATTEMPTS = 20;

export class MongoGuardStore implements GuardStore {
  constructor(private readonly model: GuardModel) {}

  async find(ruleId: string): Promise<GuardState | undefined> {
    const [state] = await this.findAll([ruleId]);
    return state;
  }

  async findAll(ruleIds: readonly string[]): Promise<readonly GuardState[]> {
    const found = await documents(this.model)
      .find<GuardDocument>({ _id: { $in: [...ruleIds] } }, { projection: { passed: 0 } })
      .toArray();
    return found.map(toState);
  }

  async admit(admission: Admission): Promise<Counted | { readonly trip: GuardTrip }> {
    const { ruleId, amount } = admission;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const counted = await documents(this.model).findOneAndUpdate(
        { _id: ruleId, trip: { $exists: false } },
        { $inc: { [partField(admission)]: amount } },
        { returnDocument: 'after' },
      );
      if (counted) {
        const document = counted as GuardDocument;
        return { count: await this.countOf(admission, document), epoch: document.epoch };
      }
      const trip = (await this.find(ruleId))?.trip;
      if (trip) return { trip };
      await this.ensure(ruleId);
    }
    throw new Error('The guard keeps tripping and being decided about while something is counted');
  }

  async passed({
    ruleId,
    targetId,
    now,
    windowMs,
  }: Omit<Admission, 'subject' | 'amount'>): Promise<Partial<Record<GuardSubject, number>>> {
    const found = await documents(this.model).findOne<GuardDocument>({ _id: ruleId });
    const oldest = oldestPart(now, windowMs);
    const counts = Object.entries(found?.passed?.[targetId] ?? {}).map(([subject, parts]) => [
      subject,
      sumSince(parts, oldest),
    ]);
    return Object.fromEntries(counts) as Partial<Record<GuardSubject, number>>;
  }

  async trip(
    admission: Admission,
    { epoch, ...found }: Counted & Pick<GuardTrip, 'limit'>,
  ): Promise<{ readonly trip: GuardTrip; readonly isNew: boolean } | undefined> {
    const { ruleId, targetId, subject, amount, now } = admission;
    const takeBack = { [partField(admission)]: -amount };
    const tripped = await documents(this.model).findOneAndUpdate(
      { _id: ruleId, epoch, trip: { $exists: false } },
      {
        $set: { trip: { at: now, targetId, subject, ...found } },
        $inc: { trips: 1, ...takeBack },
      },
      { returnDocument: 'after' },
    );
    const own = tripped ? toState(tripped).trip : undefined;
    if (own) return { trip: own, isNew: true };
    // Somebody else was faster. Of what an approval has made forgotten nothing is to be taken back.
    const state = await documents(this.model).findOneAndUpdate(
      { _id: ruleId, epoch },
      { $inc: takeBack },
      { returnDocument: 'after' },
    );
    const other = state ? toState(state).trip : undefined;
    return other && { trip: other, isNew: false };
  }

  async decide(ruleId: string, decision: Omit<GuardDecision, 'upTo'>): Promise<GuardState> {
    const isApproved = decision.verdict === 'APPROVED';
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      await this.ensure(ruleId);
      const before = await documents(this.model).findOne<Pick<GuardDocument, 'trips'>>({
        _id: ruleId,
      });
      if (!before) continue;
      const { trips } = before;
      const decided = await documents(this.model).findOneAndUpdate(
        // A trip that came since is another one, which nobody has decided about.
        { _id: ruleId, trips },
        {
          $set: { decision: { ...decision, upTo: trips } },
          $unset: {
            trip: 1,
            notices: 1,
            ...(isApproved ? { passed: 1 as const } : {}),
          },
          ...(isApproved ? { $inc: { epoch: 1 } } : {}),
        },
        { returnDocument: 'after' },
      );
      if (decided) return toState(decided);
    }
    throw new Error('The guard keeps tripping while it is decided about');
  }

  async notice(ruleId: string, reason: HeldFor, at: Date): Promise<boolean> {
    await this.ensure(ruleId);
    const field = `notices.${reason}`;
    const { matchedCount } = await documents(this.model).updateOne(
      { _id: ruleId, [field]: { $exists: false } },
      { $set: { [field]: at } },
    );
    return matchedCount === 1;
  }

  private async ensure(ruleId: string): Promise<void> {
    try {
      await documents(this.model).updateOne(
        { _id: ruleId },
        { $setOnInsert: { trips: 0, epoch: 0 } },
        { upsert: true },
      );
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
    }
  }

  /** What passed in the window; what passed before it is forgotten. */
  private async countOf(admission: Admission, document: GuardDocument): Promise<number> {
    const { ruleId, targetId, subject, now, windowMs } = admission;
    const parts: PassedParts = document.passed?.[targetId]?.[subject] ?? {};
    const oldest = oldestPart(now, windowMs);
    const names = Object.keys(parts);
    const past = names.filter((name) => Number(name) < oldest);
    if (past.length > 0) {
      const gone = past.map((name) => [`${subjectField(targetId, subject)}.${name}`, 1]);
      await documents(this.model).updateOne(
        { _id: ruleId },
        {
          $unset: Object.fromEntries(gone) as Readonly<Record<string, 1>>,
        },
      );
    }
    return sumSince(parts, oldest);
  }
}

function oldestPart(now: Date, windowMs: number): number {
  return now.getTime() - windowMs - windowMs / PARTS;
}

function sumSince(parts: PassedParts, oldest: number): number {
  return Object.entries(parts)
    .filter(([name]) => Number(name) >= oldest)
    .reduce((sum, [, amount]) => sum + amount, 0);
}

/** Ids of targets have neither dots nor dollar signs. */
function subjectField(targetId: string, subject: Admission['subject']): string {
  return `passed.${targetId}.${subject}`;
}

function partField({ targetId, subject, now, windowMs }: Admission): string {
  const length = Math.max(1, Math.floor(windowMs / PARTS));
  const part = Math.floor(now.getTime() / length) * length;
  return `${subjectField(targetId, subject)}.${String(part)}`;
}

function toState({ _id, trips, trip, decision }: GuardDocument): GuardState {
  return {
    ruleId: _id,
    ...(trip === undefined ? {} : { trip: { ...trip, number: trips } }),
    ...(decision === undefined ? {} : { decision }),
  };
}
