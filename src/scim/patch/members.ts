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
    const questions = this.steps.flatMap(({ filter, target }) =>
      filter !== undefined && idsOfFilter(filter) === undefined
        ? [{ filter, attribute: target.attribute, matching: [] as string[] }]
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
    removeListed(step.value, changes);
  } else {
    const ids = memberIds(step.value);
    if (step.op === 'add') changes.add(ids);
    else changes.replace(ids);
  }
}

/** Without a value everybody leaves (RFC 7644 section 3.5.2.2); with a list, even an empty one, only those on it. */
function removeListed(value: unknown, changes: MembershipChanges): void {
  if (value === undefined || value === null) changes.replace([]);
  else changes.remove(memberIds(value));
}

async function applyToSelected(
  { op, target, value, name }: Step,
  filter: Filter,
  changes: MembershipChanges,
  stored: StoredMembers,
): Promise<void> {
  const named = idsOfFilter(filter);
  const ids = named ?? (await changes.matching(filter, target.attribute, stored));
  if (op === 'remove') {
    changes.remove(ids);
    return;
  }
  if (target.subAttribute !== undefined) {
    throw new DomainError('mutability', `"${name}" cannot be changed: add and remove members.`);
  }
  if (op === 'replace') changes.remove(ids);
  else if (named !== undefined) changes.add(named);
  changes.add(memberIds(value));
}

/** Salesforce wraps the list once more: `{"members": [...]}`. */
function memberIds(value: unknown): readonly string[] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const wrapped = Object.entries(value).find(([name]) => name.toLowerCase() === 'members');
    if (wrapped !== undefined) return coerceMembers(wrapped[1]);
  }
  return coerceMembers(value);
}
