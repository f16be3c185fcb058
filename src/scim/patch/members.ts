/**
 * PATCH on a group's members. They are not read: the operations fold into one delta, whatever the group's size. Only a
 * value filter that is not about ids asks who the members are.
 */
import { DomainError } from '../../domain/error';
import { type Filter } from '../../domain/filter/ast';
import { matchesElement } from '../../domain/filter/match';
import { type CurrentMembers } from '../../domain/provisioning';
import { type MembershipDelta } from '../../domain/resource';
import { type AttributeDefinition } from '../../domain/schema';
import { coerceMembers } from '../../domain/validation';
import { workOfFilter, type WorkBudget } from './budget';
import { type Step } from './step';
import { idsOfFilter } from './value-filter';

/** Operations so far, folded: what was said last about a member counts. */
export class MembershipChanges {
  private replaceAll = false;
  private readonly added = new Set<string>();
  private readonly removed = new Set<string>();

  add(ids: Iterable<string>): void {
    for (const id of ids) {
      this.removed.delete(id);
      this.added.add(id);
    }
  }

  remove(ids: Iterable<string>): void {
    for (const id of ids) {
      this.added.delete(id);
      if (!this.replaceAll) this.removed.add(id);
    }
  }

  replace(ids: Iterable<string>): void {
    this.replaceAll = true;
    this.removed.clear();
    this.added.clear();
    this.add(ids);
  }

  /** Undefined: nothing changes. */
  delta(): MembershipDelta | undefined {
    if (!this.replaceAll && this.added.size === 0 && this.removed.size === 0) return undefined;
    return { replaceAll: this.replaceAll, add: [...this.added], remove: [...this.removed] };
  }

  /** The ids of those who are members by now and match. */
  async matching(
    filter: Filter,
    attribute: AttributeDefinition,
    stored: StoredMembers,
  ): Promise<readonly string[]> {
    stored.budget.spend(this.added.size * workOfFilter(filter));
    const ids = [...this.added].filter((value) => matchesElement(filter, { value }, attribute));
    if (this.replaceAll) return ids;
    for (const id of await stored.matching(filter)) {
      if (!this.removed.has(id) && !this.added.has(id)) ids.push(id);
    }
    return ids;
  }
}

/**
 * The members a group has in the store, as far as value filters ask for them. They are read once, however many filters
 * there are, and only what matches is kept.
 */
export class StoredMembers {
  private reading: Promise<ReadonlyMap<Filter, readonly string[]>> | undefined;

  constructor(
    /** All steps on `members`. */
    private readonly steps: readonly Step[],
    private readonly currentMembers: CurrentMembers,
    readonly budget: WorkBudget,
  ) {}

  /** The ids of the members that match the filter of one of the steps. */
  async matching(filter: Filter): Promise<readonly string[]> {
    this.reading ??= this.read();
    return (await this.reading).get(filter) ?? [];
  }

  private async read(): Promise<ReadonlyMap<Filter, readonly string[]>> {
    const questions = this.steps.flatMap((step) =>
      step.filter !== undefined && asksForMembers(step)
        ? [{ filter: step.filter, attribute: step.target.attribute, matching: [] as string[] }]
        : [],
    );
    // One filter may be about a group of any size: its members come in pages, between which others get their turn.
    const [, ...further] = questions;
    const work = further.reduce((sum, { filter }) => sum + workOfFilter(filter), 0);
    for await (const member of this.currentMembers()) {
      this.budget.spend(work);
      const id = member['value'];
      if (typeof id !== 'string') continue;
      for (const { filter, attribute, matching } of questions) {
        if (matchesElement(filter, member, attribute)) matching.push(id);
      }
    }
    return new Map(questions.map(({ filter, matching }) => [filter, matching]));
  }
}

/** Whether the filter is about more than ids, or a member it names has to be one already. */
function asksForMembers({ op, filter, target, profile }: Step): boolean {
  if (filter === undefined) return false;
  const ids = idsOfFilter(filter);
  return ids === undefined || (op === 'replace' && !profile.replaceCreates({}, target.attribute));
}

/** Applies one operation on `members`. */
export async function applyToMembers(
  step: Step,
  changes: MembershipChanges,
  stored: StoredMembers,
): Promise<void> {
  const sub = step.target.subAttribute?.name;
  // `display`, `type` and `$ref` follow from the member itself and are not kept.
  if (sub !== undefined && sub !== 'value') return;
  if (step.filter !== undefined) {
    await applyToSelected(step, step.filter, changes, stored);
  } else if (step.op === 'remove') {
    removeListed(step, changes);
  } else {
    const ids = memberIds(step);
    if (step.op === 'add') changes.add(ids);
    else changes.replace(ids);
  }
}

/** Without a value everybody leaves (RFC 7644 section 3.5.2.2); with a list, even an empty one, only those on it. */
function removeListed(step: Step, changes: MembershipChanges): void {
  if (step.value === undefined || step.value === null) changes.replace([]);
  else changes.remove(memberIds(step));
}

async function applyToSelected(
  step: Step,
  filter: Filter,
  changes: MembershipChanges,
  stored: StoredMembers,
): Promise<void> {
  const { op, target, name } = step;
  const named = asksForMembers(step) ? undefined : idsOfFilter(filter);
  const ids = named ?? (await changes.matching(filter, target.attribute, stored));
  if (op === 'remove') {
    changes.remove(ids);
    return;
  }
  if (target.subAttribute !== undefined) {
    throw new DomainError('mutability', `"${name}" cannot be changed: add and remove members.`);
  }
  if (ids.length === 0 && op === 'replace' && asksForMembers(step)) {
    throw new DomainError('noTarget', `"${name}" matches no member.`);
  }
  if (op === 'replace') changes.remove(ids);
  else if (named !== undefined) changes.add(named);
  changes.add(memberIds(step));
}

/** An operation may add one value without a list around it (RFC 7644 section 3.5.2.1). */
function memberIds({ op, value, profile, filter }: Step): readonly string[] {
  const one = (op === 'add' || filter !== undefined) && isMember(value);
  return coerceMembers(one ? [value] : value, profile);
}

function isMember(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.keys(value).some((name) => /^(?:value|\$ref)$/i.test(name));
}
