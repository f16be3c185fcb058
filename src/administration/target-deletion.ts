/** The end of a target: no rule may be left behind that delivers to nothing. */
import { setTimeout as pause } from 'node:timers/promises';
import { rolloutsOf, rollout } from '../domain/rollout';
import { type SyncRule } from '../domain/sync-rule';
import { type Target } from '../domain/target';
import { issue, refused, type Issue, type Outcome } from './issue';
import { type AdministrationPorts } from './ports';

/** Whoever checked a rule's targets just before the target was announced to go has written the rule by then. */
const WRITTEN_BY_THEN_MS = 500;
const MOST_NAMED = 5;
const MOST_RULES = 1_000;

type Ports = Pick<AdministrationPorts, 'syncRules' | 'targets' | 'delivery'>;

export class TargetDeletion {
  constructor(
    private readonly ports: Ports,
    private readonly now: () => Date,
  ) {}

  /** `force`: takes it out of every rule first and leaves what they provisioned as it is. */
  async delete(id: string, force: boolean): Promise<Outcome<Target>> {
    const { targets, syncRules } = this.ports;
    if ((await targets.find(id)) === undefined) return noSuchTarget();
    const users = await syncRules.usersOfTarget(id, MOST_RULES);
    const early = force ? this.unreleasable(users, id) : inUse(users);
    if (early.length > 0) return { issues: early };

    const announced = await targets.setDeleted(id, true);
    if (announced === undefined) return noSuchTarget();
    await pause(WRITTEN_BY_THEN_MS);
    const issues = force ? await this.release(id) : inUse(await syncRules.usersOfTarget(id, 100));
    if (issues.length > 0) {
      await targets.setDeleted(id, false);
      return { issues };
    }
    await targets.remove(id);
    this.ports.delivery.targetChanged(id);
    return { value: announced };
  }

  /** Takes the target out of its rules. What it does is durable, and repeating it is harmless. */
  private async release(id: string): Promise<readonly Issue[]> {
    const users = await this.ports.syncRules.usersOfTarget(id, MOST_RULES);
    const issues = this.unreleasable(users, id);
    if (issues.length > 0) return issues;
    for (const rule of users) {
      const syncAs = rule.syncAs.filter(({ targetId }) => targetId !== id);
      const rollouts =
        syncAs.length === rule.syncAs.length
          ? [rollout(id, this.now(), 'KEEP')]
          : rolloutsOf(rule.syncAs, syncAs, 'KEEP', this.now());
      const changed = await this.ports.syncRules.update(rule, { syncAs, rollouts });
      if (changed === undefined) {
        const message = `The sync rule "${rule.name}" was changed by somebody else at the same moment. Try again.`;
        return [issue('CONFLICT', ['id'], message)];
      }
      this.ports.delivery.ruleChanged(rule.id);
    }
    return [];
  }

  private unreleasable(users: readonly SyncRule[], id: string): readonly Issue[] {
    if (users.length === MOST_RULES) {
      const message = `More than ${String(MOST_RULES)} sync rules use the target. Take it out of some first.`;
      return [issue('LIMIT_EXCEEDED', ['id'], message)];
    }
    return users.flatMap((rule) => {
      if (rule.deletion !== undefined) {
        const message = `The sync rule "${rule.name}" is being deleted and still has something to do in the target. Wait for its end, or delete it once more with KEEP.`;
        return [issue('IN_USE', ['id'], message)];
      }
      if (rule.syncAs.some(({ targetId }) => targetId !== id)) return [];
      const message = `The sync rule "${rule.name}" has no other target. Give it another one, or delete it.`;
      return [issue('IN_USE', ['id'], message)];
    });
  }
}

export function noSuchTarget(): { readonly issues: readonly Issue[] } {
  return refused('NOT_FOUND', ['id'], 'There is no such target.');
}

function inUse(users: readonly SyncRule[]): readonly Issue[] {
  if (users.length === 0) return [];
  const names = users.slice(0, MOST_NAMED).map(({ name }) => `"${name}"`);
  const more = users.length > MOST_NAMED ? ', ...' : '';
  const message = `The target is used by ${names.join(', ')}${more}. Take it out with syncRuleUpdate, which asks what becomes of the entries and may take a while, or delete the target with force, which leaves them as they are.`;
  return [issue('IN_USE', ['id'], message)];
}
