/**
 * Two of a preview that would have the same name in a target. Neither stands in the directory yet, so the directory has
 * nothing to say: the first one found has the name, and whoever comes later is told so.
 */
import { createHash } from 'node:crypto';
import { fold } from '../../domain/filter/fold';
import { type OperationItem, type OperationQueue } from '../../domain/operation';
import { type Resource } from '../../domain/resource';
import { type Finding } from './rehearsal';

/** What was found of a resource; no finding: nothing would change. */
export interface Found {
  readonly resource: Resource;
  readonly finding?: Finding | undefined;
}

export class Collisions {
  constructor(
    private readonly operations: Pick<OperationQueue, 'claimants'>,
    private readonly itemsOf: string,
    private readonly targetId: string,
  ) {}

  /** What a finding keeps for itself; undefined: its entry gets no new name. */
  claimOf({ claimed, detail }: Finding): string | undefined {
    if (claimed === undefined) return undefined;
    const name = createHash('sha256').update(fold(claimed)).digest('hex').slice(0, 32);
    return `${this.targetId} ${String(detail.kind)} ${name}`;
  }

  /** The same, in their order; those that come too late for their name cannot be delivered. */
  async settle(found: readonly Found[]): Promise<readonly Found[]> {
    const claims = found.flatMap(({ finding }) => (finding && this.claimOf(finding)) ?? []);
    const holders = holdersOf(await this.operations.claimants(this.itemsOf, claims));
    return found.map((one) => {
      const claim = one.finding && this.claimOf(one.finding);
      if (!one.finding || claim === undefined) return one;
      const holder = holders.get(claim) ?? one.resource.id;
      holders.set(claim, holder);
      return holder === one.resource.id ? one : { ...one, finding: late(one.finding, holder) };
    });
  }
}

function holdersOf(items: readonly OperationItem[]): Map<string, string> {
  return new Map(
    items.flatMap(({ claim, resourceId }): [string, string][] =>
      claim === undefined || resourceId === undefined ? [] : [[claim, resourceId]],
    ),
  );
}

function late({ claimed, detail }: Finding, holder: string): Finding {
  const { told: _told, ...shown } = detail;
  const message = `Another ${String(detail.kind)}, ${holder}, would be called "${String(claimed)}" as well. Only one of them can be.`;
  const refusal = { changes: [], changeCount: 0, errorKind: 'conflict', message };
  return { outcome: 'PARKED', detail: { ...shown, ...refusal } };
}
