/**
 * Writes that workers make under their leases. Those that come at the same time are one command, for what a command costs
 * depends little on how many bindings it is about.
 */
import { type mongo } from 'mongoose';
import { type Claim } from '../domain/delivery-ports';
import { Batcher } from './batcher';
import { FREE } from './binding-mapping';
import { documents } from './documents';
import { isDuplicateKey, refusals } from './duplicate-key';
import { type BindingDocument, type BindingModel } from './models/binding.model';

export type BindingUpdate = mongo.UpdateFilter<BindingDocument>;

interface ClaimedWrite {
  readonly claim: Claim;
  readonly update: BindingUpdate;
  /** What is written instead when more was requested since the claim. Either one ends the lease. */
  readonly whenChanged?: BindingUpdate;
}

/** False: the lease was lost. An error: this write alone was refused. */
type Outcome = boolean | Error;

interface Operation {
  readonly filter: mongo.Filter<BindingDocument>;
  readonly update: BindingUpdate;
}

interface Carried {
  readonly matched: number;
  readonly refused: ReadonlyMap<unknown, Error>;
}

export class ClaimedWrites {
  private readonly batcher: Batcher<ClaimedWrite, Outcome>;

  constructor(private readonly model: BindingModel) {
    this.batcher = new Batcher((writes) => this.writeAll(writes));
  }

  /** False: the lease was lost, and with it the right to write. */
  async write(claim: Claim, update: BindingUpdate, whenChanged?: BindingUpdate): Promise<boolean> {
    const outcome = await this.batcher.submit({
      claim,
      update,
      ...(whenChanged ? { whenChanged } : {}),
    });
    if (typeof outcome === 'boolean') return outcome;
    throw outcome;
  }

  /**
   * The answer to a batch says only how many matched. Nearly always these are all; otherwise it is asked who still has
   * the lease, for a fence that is now what it was at the claim was so at the write too.
   */
  private async writeAll(writes: readonly ClaimedWrite[]): Promise<readonly Outcome[]> {
    const first = await this.carryOut(writes.map(operationOf));
    const outcomes = writes.map((_, index): Outcome => first.refused.get(index) ?? true);
    let missing = writes.length - first.refused.size - first.matched;
    const later = missing === 0 ? [] : writes.flatMap(changedOf);
    if (later.length > 0) missing -= (await this.carryOut(later)).matched;
    if (missing <= 0) return outcomes;
    const held = await this.held(writes);
    return outcomes.map((outcome, index) =>
      outcome === true ? held.has(keyOf(writes[index]?.claim)) : outcome,
    );
  }

  private async carryOut(operations: readonly Operation[]): Promise<Carried> {
    try {
      const { matchedCount } = await documents(this.model).bulkWrite(
        operations.map((updateOne) => ({ updateOne })),
        { ordered: false },
      );
      return { matched: matchedCount, refused: new Map() };
    } catch (error) {
      const refused = isDuplicateKey(error) ? refusals(error) : new Map<unknown, Error>();
      if (refused.size === 0) throw error;
      const { matchedCount = 0 } = (error as mongo.MongoBulkWriteError).result;
      return { matched: matchedCount, refused };
    }
  }

  private async held(writes: readonly ClaimedWrite[]): Promise<ReadonlySet<string>> {
    const found = await documents(this.model)
      .find<Pick<BindingDocument, '_id' | 'fence'>>(
        { _id: { $in: writes.map(({ claim }) => claim.id) } },
        { projection: { fence: 1 } },
      )
      .toArray();
    return new Set(found.map(({ _id, fence }) => keyOf({ id: _id, fence })));
  }
}

function keyOf(claim: Pick<Claim, 'id' | 'fence'> | undefined): string {
  return claim ? `${claim.fence} ${claim.id}` : '';
}

function operationOf({ claim, update, whenChanged }: ClaimedWrite): Operation {
  const { id: _id, fence, revision } = claim;
  return { filter: whenChanged ? { _id, fence, revision } : { _id, fence }, update };
}

/** Nothing for those whose first write has ended the lease, also when more was requested right after it. */
function changedOf({ claim, whenChanged }: ClaimedWrite): Operation[] {
  if (!whenChanged) return [];
  const { id: _id, fence, revision } = claim;
  const filter = { _id, fence, revision: { $ne: revision }, leaseUntil: { $gt: FREE } };
  return [{ filter, update: whenChanged }];
}
