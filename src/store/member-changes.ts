/**
 * Changes of one group's members that come at the same time, made one. All take effect in their order, in one version of
 * the group: whoever adds a thousand members one by one, from many connections, does not write the group a thousand times.
 */
import { composeDeltas } from '../domain/membership-delta';
import { type MembershipDelta, type Resource, type ResourceScope } from '../domain/resource';

/** Makes one change. Undefined: no such group. */
export type ChangeMembers = (
  scope: ResourceScope,
  groupId: string,
  delta: MembershipDelta,
) => Promise<Resource | undefined>;

interface Waiting {
  readonly delta: MembershipDelta;
  readonly resolve: (group: Resource | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

/** Members in one change; more than that is written in several. */
const MOST_MEMBERS = 10_000;

export class MemberChanges {
  /** By group; the first ones are under way while others gather. */
  private readonly groups = new Map<string, Waiting[]>();

  constructor(private readonly change: ChangeMembers) {}

  submit(
    { ruleId, resourceType }: ResourceScope,
    groupId: string,
    delta: MembershipDelta,
  ): Promise<Resource | undefined> {
    return new Promise((resolve, reject) => {
      const key = [ruleId, resourceType, groupId].join(' ');
      const waiting = this.groups.get(key);
      if (waiting) {
        waiting.push({ delta, resolve, reject });
        return;
      }
      this.groups.set(key, [{ delta, resolve, reject }]);
      const change: (all: MembershipDelta) => Promise<Resource | undefined> = (all) =>
        this.change({ ruleId, resourceType }, groupId, all);
      // At the end of the turn of the event loop: what came with it is in the same change.
      setImmediate(() => void this.changeAll(key, change));
    });
  }

  /** Until nobody waits any more. Never rejects. */
  private async changeAll(
    key: string,
    change: (delta: MembershipDelta) => Promise<Resource | undefined>,
  ): Promise<void> {
    for (;;) {
      const waiting = this.groups.get(key) ?? [];
      const some = takeSome(waiting);
      if (some.length === 0) break;
      try {
        const group = await change(some.map(({ delta }) => delta).reduce(composeDeltas));
        for (const { resolve } of some) resolve(group);
      } catch (error) {
        for (const { reject } of some) reject(error);
      }
    }
    this.groups.delete(key);
  }
}

/** Takes the first ones away, at least one. */
function takeSome(waiting: Waiting[]): readonly Waiting[] {
  let members = 0;
  const end = waiting.findIndex(({ delta }, index) => {
    members += delta.add.length + delta.remove.length;
    return index > 0 && members > MOST_MEMBERS;
  });
  return waiting.splice(0, end < 0 ? waiting.length : end);
}
