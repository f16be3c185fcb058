/**
 * No fence reaches into a directory: what a worker sends that was stopped for longer than its lease may arrive after what the
 * next one sent, and be the last word there. Whoever learns that the lease was lost asks for the entry to be delivered again.
 */
import { type BindingSweeps, type MemberRepair } from '../../domain/binding-sweep';
import { type MembershipDeltas, type WorkItem } from '../../domain/delivery-ports';
import { GROUP } from '../../domain/resource';
import { type Clock } from '../clock';
import { type Delivery } from './delivery';

export interface SecondLookDeps {
  readonly deltas: Pick<MembershipDeltas, 'changes' | 'entriesOf'>;
  readonly sweeps: Pick<BindingSweeps, 'lookAgain'>;
  readonly clock: Clock;
  readonly wake: (targetId: string, ruleId: string) => void;
}

/** Members of a group that are sent again. A delivery of more, late by a whole lease, is left to the comparison of targets. */
const MOST_MEMBERS = 1_000;

export class SecondLook {
  constructor(private readonly deps: SecondLookDeps) {}

  /** After a delivery whose lease was lost. Nothing where it wrote nothing. */
  async after(delivery: Delivery | undefined): Promise<void> {
    if (!delivery?.session.wrote) return;
    const { sweeps, clock, wake } = this.deps;
    const { item } = delivery;
    const members = item.resourceType === GROUP ? await this.membersOf(item) : [];
    await sweeps.lookAgain(item.id, members, clock.now());
    wake(item.targetId, item.ruleId);
  }

  /** Those whom it may have sent: who is in is added once more, and who is not is taken out once more. */
  private async membersOf(item: WorkItem): Promise<readonly MemberRepair[]> {
    const { resourceId: groupId, targetId, membersObserved: after, resend } = item;
    const upTo = Number.MAX_SAFE_INTEGER;
    const { deltas } = this.deps;
    const changes = await deltas.changes({ groupId, after, upTo, limit: MOST_MEMBERS });
    const ids = [...new Set([...changes, ...resend].flatMap(({ memberId }) => memberId ?? []))];
    const entries = await deltas.entriesOf(targetId, ids);
    return ids.slice(0, MOST_MEMBERS).map((memberId) => {
      const formerName = entries.get(memberId)?.name;
      return { memberId, ...(formerName === undefined ? {} : { formerName }) };
    });
  }
}
