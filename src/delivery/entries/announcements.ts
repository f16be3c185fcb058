/** Tells the groups of a resource, and whoever's entry names its own, that the entry came, went, or changed its name. */
import {
  type Completion,
  type EntryReferences,
  type MembershipDeltas,
  type WorkItem,
} from '../../domain/delivery-ports';
import { type Clock } from '../clock';
import { type Delivery, namesOf } from './delivery';

/** Names that are kept for groups that have to hear of everybody again: nobody has more between two deliveries of a group. */
const MOST_FORMER_NAMES = 20;

export interface AnnouncementsDeps {
  readonly deltas: Pick<MembershipDeltas, 'announce'>;
  readonly references: Pick<EntryReferences, 'announce'>;
  readonly clock: Clock;
  /** Told that a target's groups have something to do. */
  readonly wake: (targetId: string, ruleId: string) => void;
}

export class Announcements {
  constructor(private readonly deps: AnnouncementsDeps) {}

  /** Only what they were not told before. */
  async ofEntry(delivery: Delivery): Promise<Pick<Completion, 'announced'>> {
    const { item, memberRef: ref, formerNames } = delivery;
    const isKnown =
      ref?.reference === item.announcedReference && (!ref || ref.name === item.announcedName);
    if (isKnown && formerNames.length === 0) return {};
    await Promise.all([this.toReferrers(item), this.toGroups(delivery)]);
    if (formerNames.length === 0) return { announced: { ...(ref ?? {}) } };
    const all = [...item.formerNames.filter((name) => !formerNames.includes(name)), ...formerNames];
    return { announced: { ...(ref ?? {}), formerNames: all.slice(-MOST_FORMER_NAMES) } };
  }

  /** The entry is no longer the resource's to speak of. */
  async ofRelease(item: WorkItem): Promise<void> {
    await this.toReferrers(item);
    await this.ofNames(item, without(namesOf(item), item.name));
  }

  private async toGroups({ item, resource, formerNames, name }: Delivery): Promise<void> {
    // Who is deleted has left its groups, and they deliver that themselves: under the name that it had last.
    if (resource.deletedAt) return this.ofNames(item, without(formerNames, name));
    await this.ofNames(item, formerNames.length > 0 ? formerNames : [undefined]);
  }

  private async ofNames(
    { targetId, ruleId, resourceId: memberId }: WorkItem,
    formerNames: readonly (string | undefined)[],
  ): Promise<void> {
    let groups = 0;
    for (const formerName of formerNames) {
      const former = formerName === undefined ? {} : { formerName };
      const now = this.deps.clock.now();
      groups += await this.deps.deltas.announce({ targetId, memberId, now, ...former });
    }
    if (groups > 0) this.deps.wake(targetId, ruleId);
  }

  private async toReferrers(item: WorkItem): Promise<void> {
    const { references, clock, wake } = this.deps;
    if (await references.announce(item, clock.now())) wake(item.targetId, item.ruleId);
  }
}

function without(names: readonly string[], one: string | undefined): readonly string[] {
  return names.filter((name) => name !== one);
}
