/** What becomes of bindings that the guard holds: the port `HeldBindings`. */
import { type HeldFor } from '../domain/binding';
import { type HeldBindings, type HeldSelection } from '../domain/guard';
import { CHANGED, pending } from './binding-mapping';
import { type BindingUpdate } from './claimed-writes';
import { documents } from './documents';
import { type BindingModel } from './models/binding.model';

export const BY_GUARD: readonly HeldFor[] = ['GUARD_THRESHOLD', 'GUARD_MEMBERS', 'GUARD_PROTECTED'];

export class MongoHeldBindings implements HeldBindings {
  constructor(private readonly model: BindingModel) {}

  grant(selection: HeldSelection, now: Date): Promise<number> {
    return this.write(queryOf(selection), {
      $set: { state: 'PENDING', granted: true },
      $min: { dueAt: now },
      $inc: { revision: 1 },
      ...CHANGED,
    });
  }

  park(selection: HeldSelection, message: string, now: Date): Promise<number> {
    return this.write(queryOf(selection), {
      $set: { state: 'PARKED', lastError: { kind: 'guard', message, at: now } },
      $unset: { held: 1 },
      ...CHANGED,
    });
  }

  release(selection: HeldSelection, now: Date): Promise<number> {
    return this.write(queryOf(selection), again(now));
  }

  releaseOlder(ruleId: string, version: number, now: Date): Promise<number> {
    const older = { ruleId, ...heldFor(BY_GUARD), 'held.version': { $lt: version } };
    return this.write(older, again(now));
  }

  private async write(
    filter: Readonly<Record<string, unknown>>,
    update: BindingUpdate,
  ): Promise<number> {
    const { modifiedCount } = await documents(this.model).updateMany(filter, update);
    return modifiedCount;
  }
}

function heldFor(reasons: readonly HeldFor[]) {
  return { state: 'HELD' as const, heldFor: { $in: [...reasons] } };
}

function again(now: Date): BindingUpdate {
  return { ...pending(now), $inc: { revision: 1 }, ...CHANGED };
}

function queryOf({ ruleId, upTo, reasons, bindingIds }: HeldSelection) {
  return {
    ruleId,
    ...heldFor(upTo === undefined ? (reasons ?? BY_GUARD) : ['GUARD_THRESHOLD']),
    ...(upTo === undefined ? {} : { 'held.trip': { $lte: upTo } }),
    ...(bindingIds === undefined ? {} : { _id: { $in: [...bindingIds] } }),
  };
}
