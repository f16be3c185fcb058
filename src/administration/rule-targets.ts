/** The targets of a rule: whether they can be what an administrator wants them to be. */
import { type InputIssue } from '../domain/ports';
import { type SchemaTable } from '../domain/schema-table';
import {
  type DeletePolicy,
  MOST_DELETION_DAYS,
  type SyncAs,
  type SyncRule,
} from '../domain/sync-rule';
import { type Target } from '../domain/target';
import { invalidBelow, issue, type Issue } from './issue';
import { type AdministrationPorts } from './ports';

/** More targets than this per rule are a mistake: every change of a resource is delivered to each of them. */
export const MAX_TARGETS_PER_RULE = 50;

export class RuleTargets {
  constructor(private readonly ports: Pick<AdministrationPorts, 'targets' | 'directories'>) {}

  async issues(all: readonly SyncAs[], table: SchemaTable): Promise<readonly Issue[]> {
    if (all.length === 0) {
      return [issue('REQUIRED', ['syncAs'], 'Name at least one target to sync to.')];
    }
    if (all.length > MAX_TARGETS_PER_RULE) {
      const message = `A rule has at most ${String(MAX_TARGETS_PER_RULE)} targets.`;
      return [issue('LIMIT_EXCEEDED', ['syncAs'], message)];
    }
    const targets = await this.targetsOf(all);
    return all.flatMap((syncAs, index) => {
      const path = ['syncAs', String(index)];
      const target = targets.get(syncAs.targetId);
      if (target === undefined) {
        return [issue('NOT_FOUND', [...path, 'targetId'], 'There is no such target.')];
      }
      const twice = all.findIndex((other) => other.targetId === syncAs.targetId) < index;
      return [
        ...(twice
          ? [issue('INVALID', [...path, 'targetId'], 'This target is named twice; once is enough.')]
          : []),
        ...delayIssues(path, syncAs),
        ...invalidBelow(path, this.ports.directories.checkSyncAs(target, syncAs, table)),
      ];
    });
  }

  /** What may go wrong with the targets of a rule, by what the directories say. None of them is waited for for long. */
  async warnings({ syncAs }: SyncRule): Promise<readonly InputIssue[]> {
    const targets = await this.targetsOf(syncAs);
    const found = await Promise.all(
      syncAs.map(async (one, index) => {
        const target = targets.get(one.targetId);
        if (target === undefined) return [];
        const warnings = await this.ports.directories.warnings(target, one);
        return warnings.map(({ path, message }) => ({
          path: ['syncAs', String(index), ...path],
          message,
        }));
      }),
    );
    return found.flat();
  }

  /** Where accounts cannot be disabled, nobody may be promised that they will be. */
  async removalIssues(
    { syncAs }: SyncRule,
    after: readonly SyncAs[],
    policy: DeletePolicy,
  ): Promise<readonly Issue[]> {
    if (policy !== 'DISABLE') return [];
    const kept = new Set(after.map(({ targetId }) => targetId));
    const removed = syncAs.filter(({ targetId }) => !kept.has(targetId));
    const targets = await this.targetsOf(removed);
    return [...targets.values()]
      .filter((target) => !this.ports.directories.canDisable(target))
      .map(({ name }) => {
        const message = `The directory of "${name}" knows no disabled accounts. Choose DELETE or KEEP.`;
        return issue('INVALID', ['onRemoved'], message);
      });
  }

  /** Those that are there, and will be. */
  async targetsOf(all: readonly SyncAs[]): Promise<ReadonlyMap<string, Target>> {
    const ids = [...new Set(all.map(({ targetId }) => targetId))];
    const found = await this.ports.targets.findAll(ids);
    return new Map(
      found.filter(({ deletedAt }) => deletedAt === undefined).map((target) => [target.id, target]),
    );
  }
}

function delayIssues(path: readonly string[], { deleteAfterDays = 0 }: SyncAs): readonly Issue[] {
  if (deleteAfterDays >= 0 && deleteAfterDays <= MOST_DELETION_DAYS) return [];
  const message = `A deletion waits 0 to ${String(MOST_DELETION_DAYS)} days.`;
  return [issue('INVALID', [...path, 'deleteAfterDays'], message)];
}
