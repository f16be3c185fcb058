/** What a delivery knows and notes, when it is only rehearsed: everything is read, and nothing is noted. */
import { type BindingSweeps, type SweptBinding } from '../../domain/binding-sweep';
import {
  type EntryReferences,
  type MemberEntry,
  type MembershipDeltas,
  type Possession,
  type WorkItem,
} from '../../domain/delivery-ports';
import { itemKey, type OperationItem, type OperationQueue } from '../../domain/operation';
import { type PreviewFindingDetail } from '../../domain/preview-finding';
import { type Delivery, type DeliveryQueue } from '../entries/delivery';
import { isImagined } from './rehearsed-connector';

/** Answers as the work queue would. */
export function rehearsedQueue(
  item: WorkItem,
  sweeps: Pick<BindingSweeps, 'byReferences'>,
): DeliveryQueue {
  const yes = async (): Promise<boolean> => true;
  const holderOf = async (reference: string): Promise<SweptBinding | undefined> => {
    const { id, targetId, resourceType } = item;
    const holders = await sweeps.byReferences(targetId, resourceType, [reference]);
    return holders.find((holder) => holder.id !== id);
  };
  const possession = async (reference: string): Promise<Possession> => {
    const holder = await holderOf(reference);
    if (!holder) return 'free';
    return holder.isVacant && holder.ruleId === item.ruleId ? 'released' : 'taken';
  };
  return {
    markCreating: yes,
    renameEntry: yes,
    forgetEntry: yes,
    markOutside: yes,
    noteReferences: yes,
    possession: (_claim, reference) => possession(reference),
    isTaken: async (_claim, reference) => (await holderOf(reference)) !== undefined,
    async bindEntry(_claim, entry) {
      if (isImagined(entry)) return true;
      return (await possession(entry.reference)) === 'taken' ? 'taken' : true;
    },
  };
}

type Told = NonNullable<PreviewFindingDetail['told']>;

/** What a preview has found of other resources in the same target, and what follows from it for those that name them. */
export class Foreseen {
  constructor(
    private readonly deps: {
      readonly operations: Pick<OperationQueue, 'findItems'>;
      readonly deltas: Pick<
        MembershipDeltas,
        'changes' | 'entriesOf' | 'entriesNamed' | 'presentAmong'
      >;
      readonly references: Pick<EntryReferences, 'namesOf'>;
    },
    private readonly itemsOf: string,
    private readonly targetId: string,
  ) {}

  /** Those whose entries others would name otherwise. */
  async told(resourceIds: readonly string[]): Promise<ReadonlyMap<string, Told>> {
    const keys = [...new Set(resourceIds)].map((id) => itemKey(this.targetId, id));
    const items = await this.deps.operations.findItems(this.itemsOf, keys);
    return new Map(
      items.flatMap((item): [string, Told][] => {
        const told = toldOf(item);
        return told && item.resourceId !== undefined ? [[item.resourceId, told]] : [];
      }),
    );
  }

  get references(): Pick<EntryReferences, 'namesOf'> {
    return {
      namesOf: async (ruleId, targetId, ids) => {
        const names = new Map(await this.deps.references.namesOf(ruleId, targetId, ids));
        for (const [id, { after }] of await this.told(ids)) {
          if (after) names.set(id, after.name);
          else names.delete(id);
        }
        return names;
      },
    };
  }

  get deltas(): Pick<MembershipDeltas, 'changes' | 'entriesOf' | 'entriesNamed' | 'presentAmong'> {
    const { deltas } = this.deps;
    return {
      changes: (query) => deltas.changes(query),
      entriesNamed: async (targetId, names) => {
        const entries = await deltas.entriesNamed(targetId, names);
        const told = await this.told(entries.map(({ memberId }) => memberId));
        // Whoever would be called otherwise has the name no longer.
        return entries.filter(({ memberId, name }) => {
          const one = told.get(memberId);
          return !one || one.after?.name === name;
        });
      },
      presentAmong: (groupId, ids) => deltas.presentAmong(groupId, ids),
      entriesOf: async (targetId, ids) => {
        const entries = new Map(await deltas.entriesOf(targetId, ids));
        for (const [id, told] of await this.told(ids)) entries.set(id, entryAfter(id, told));
        return entries;
      },
    };
  }
}

/** As the binding of the member would stand. */
function entryAfter(memberId: string, { before, after }: Told): MemberEntry {
  if (after) return { memberId, ...after };
  return before ? { memberId, lastReference: before.reference, name: before.name } : { memberId };
}

/** Written by the same kind of operation. */
function toldOf({ detail }: OperationItem): Told | undefined {
  return (detail as unknown as PreviewFindingDetail).told;
}

/** How others would name the entry before and after; undefined: the same. */
export function toldBy({ item, memberRef: after }: Delivery): Told | undefined {
  const { reference, name, outside } = item;
  const before =
    outside === true || reference === undefined || name === undefined
      ? undefined
      : { reference, name };
  if (before?.reference === after?.reference && before?.name === after?.name) return undefined;
  return { ...(before ? { before } : {}), ...(after ? { after: { ...after } } : {}) };
}
