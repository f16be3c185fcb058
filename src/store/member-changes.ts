/**
 * Changes of one group's members that come at the same time, made one. All take effect in their order, in one version of
 * the group: whoever adds a thousand members one by one, from many connections, does not write the group a thousand times.
 */
import { type ChangeOrigin } from '../domain/audit';
import { type MembershipDelta, type Resource, type ResourceScope } from '../domain/resource';

/** What one request asks for. */
export interface MemberRequest {
  readonly delta: MembershipDelta;
  readonly origin: ChangeOrigin | undefined;
}

/** Makes one change of what was asked for, in that order. Undefined: no such group. */
export type ChangeMembers = (
  scope: ResourceScope,
  groupId: string,
  requests: readonly MemberRequest[],
) => Promise<Resource | undefined>;

interface Waiting extends MemberRequest {
  readonly resolve: (group: Resource | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

/** Members, and requests, in one change; more than that is written in several. */
const MOST_MEMBERS = 10_000;
const MOST_REQUESTS = 200;

export class MemberChanges {
  /** By group; the first ones are under way while others gather. */
  private readonly groups = new Map<string, Waiting[]>();

  constructor(private readonly change: ChangeMembers) {}

  submit(
    { ruleId, resourceType, origin }: ResourceScope,
    groupId: string,
    delta: MembershipDelta,
  ): Promise<Resource | undefined> {
    return new Promise((resolve, reject) => {
      const key = [ruleId, resourceType, groupId].join(' ');
      const waiting = this.groups.get(key);
      if (waiting) {
        waiting.push({ delta, origin, resolve, reject });
        return;
      }
      this.groups.set(key, [{ delta, origin, resolve, reject }]);
      const change: (all: readonly MemberRequest[]) => Promise<Resource | undefined> = (all) =>
        this.change({ ruleId, resourceType }, groupId, all);
      // At the end of the turn of the event loop: what came with it is in the same change.
      setImmediate(() => void this.changeAll(key, change));
    });
  }

  /** Until nobody waits any more. Never rejects. */
  private async changeAll(
    key: string,
    change: (requests: readonly MemberRequest[]) => Promise<Resource | undefined>,
  ): Promise<void> {
    for (;;) {
      const waiting = this.groups.get(key) ?? [];
      const some = takeSome(waiting);
      if (some.length === 0) break;
      try {
        const group = await change(some);
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
    return index > 0 && (members > MOST_MEMBERS || index >= MOST_REQUESTS);
  });
  return waiting.splice(0, end < 0 ? waiting.length : end);
}
