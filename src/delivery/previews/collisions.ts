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
  /** The name that its entry would get, as only one of a target may have it. */
  readonly claim?: string | undefined;
}

export class Collisions {
  constructor(
    private readonly operations: Pick<OperationQueue, 'claimants'>,
    private readonly itemsOf: string,
    private readonly targetId: string,
  ) {}

  /** The same, in their order and with what they claim; those that come too late for their name cannot be delivered. */
  async settle(found: readonly Found[]): Promise<readonly Found[]> {
    const claims = found.map(({ finding }) => finding && this.claimOf(finding));
    const claimed = claims.flatMap((claim) => claim ?? []);
    const holders = holdersOf(await this.operations.claimants(this.itemsOf, claimed));
    return found.map(({ resource, finding }, index) => {
      const claim = claims[index];
      if (!finding || claim === undefined) return { resource, finding };
      const holder = holders.get(claim) ?? resource.id;
      holders.set(claim, holder);
      if (holder !== resource.id) return { resource, finding: late(finding, holder) };
      return { resource, finding, claim };
    });
  }

  /** Undefined: the entry gets no new name. */
  private claimOf({ claimed, detail }: Finding): string | undefined {
    if (claimed === undefined) return undefined;
    const name = createHash('sha256').update(fold(claimed)).digest('hex').slice(0, 32);
    return `${this.targetId} ${String(detail.kind)} ${name}`;
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
