/**
 * The model: what has been acknowledged, what was attempted and may have come about, and which policies there have been.
 * It knows nothing of queues, leases or processes.
 */
import { equalAttributes } from '../../src/domain/attribute-values';
import {
  GROUP,
  type MembershipDelta,
  type Resource,
  type ResourceScope,
  type ScimObject,
} from '../../src/domain/resource';
import { type SyncAs, type SyncRule } from '../../src/domain/sync-rule';
import { type FakeEntry } from '../support/fake-connector';
import { type SimulatedDirectory } from './directory';

/** A resource that was acknowledged. */
export class Thing {
  readonly id: string;
  readonly scope: ResourceScope;
  /** What it may be: the last acknowledged state, and whatever has been attempted since. */
  states: readonly ScimObject[];
  /** Every state it may ever have had. */
  readonly ever: ScimObject[];
  removal: 'never' | 'possible' | 'acknowledged' = 'never';
  /** Of a group: true, acknowledged to be a member; false: not to be; undefined: nobody knows. */
  readonly members = new Map<string, boolean | undefined>();
  /** Changes under way: of attributes, or of members. */
  isBusy = false;

  constructor({ id, ruleId, resourceType, attributes }: Resource) {
    this.id = id;
    this.scope = { ruleId, resourceType };
    this.states = [attributes];
    this.ever = [attributes];
  }

  get last(): ScimObject {
    return this.states[0] ?? {};
  }

  begin(change: ScimObject): ScimObject {
    this.isBusy = true;
    const wanted = { ...this.last, ...change };
    for (const state of this.states) this.ever.push({ ...state, ...change });
    return wanted;
  }

  settle({ attributes }: Resource): void {
    this.isBusy = false;
    this.states = [attributes];
    this.ever.push(attributes);
  }

  unsettle(wanted?: ScimObject): void {
    this.isBusy = false;
    if (wanted)
      this.states = [...this.states, ...this.states.map((one) => ({ ...one, ...wanted }))];
  }

  beginRemoval(): void {
    this.isBusy = true;
    if (this.removal === 'never') this.removal = 'possible';
  }

  /** False: it was gone already, by an attempt of which nobody had heard. */
  settleRemoval(_removed: boolean): void {
    this.isBusy = false;
    this.removal = 'acknowledged';
  }

  beginMembers(): void {
    this.isBusy = true;
  }

  settleMembers(delta: MembershipDelta, happened: boolean): void {
    this.isBusy = false;
    if (!happened) return;
    if (delta.replaceAll) for (const id of this.members.keys()) this.members.set(id, false);
    for (const id of delta.add) this.members.set(id, true);
    for (const id of delta.remove) this.members.set(id, false);
    if (this.uncertain) for (const id of this.members.keys()) this.members.set(id, undefined);
  }

  private uncertain = false;

  /** What was sent may still arrive: from here on nobody knows. */
  unsettleMembers(): void {
    this.isBusy = false;
    this.uncertain = true;
    for (const id of this.members.keys()) this.members.set(id, undefined);
  }

  get knowsMembers(): boolean {
    return !this.uncertain;
  }
}

interface Attempt {
  readonly ruleId: string;
  readonly resourceType: string;
  readonly attributes: ScimObject;
  isRefused: boolean;
  refused(): void;
}

export class Known {
  readonly things = new Map<string, Thing>();
  readonly attempts: Attempt[] = [];
  /** All that the rules have ever said of their targets. */
  readonly policies: { readonly ruleId: string; readonly syncAs: SyncAs }[] = [];
  private readonly current = new Map<string, SyncRule>();
  private readonly foreigners = new Map<FakeEntry, string>();
  private readonly disabled = new Map<string, number>();
  private readonly pauses = new Map<string, number>();
  private readonly disabledRules = new Set<string>();

  attempted(ruleId: string, resourceType: string, attributes: ScimObject): Attempt {
    const attempt: Attempt = {
      ...{ ruleId, resourceType, attributes, isRefused: false },
      refused: () => (attempt.isRefused = true),
    };
    this.attempts.push(attempt);
    return attempt;
  }

  made(resource: Resource, members: readonly Thing[]): void {
    const thing = new Thing(resource);
    for (const member of members) thing.members.set(member.id, true);
    this.things.set(thing.id, thing);
  }

  some(ruleId: string, resourceType: string): readonly Thing[] {
    return [...this.things.values()].filter(
      ({ scope, removal }) =>
        removal === 'never' && scope.ruleId === ruleId && scope.resourceType === resourceType,
    );
  }

  isLive(id: string): boolean {
    return this.things.get(id)?.removal === 'never';
  }

  ruled(rule: SyncRule): void {
    this.current.set(rule.id, rule);
    for (const syncAs of rule.syncAs) this.policies.push({ ruleId: rule.id, syncAs });
  }

  /** All that the rule has ever said of the target. */
  policiesOf(ruleId: string, targetId: string): readonly SyncAs[] {
    return this.policies
      .filter((one) => one.ruleId === ruleId && one.syncAs.targetId === targetId)
      .map(({ syncAs }) => syncAs);
  }

  foreign(entry: FakeEntry): void {
    this.foreigners.set(entry, JSON.stringify([entry.name, entry.attributes, entry.active]));
  }

  /** What stood in a directory before, and is no longer as it was. */
  get changedForeigners(): readonly FakeEntry[] {
    return [...this.foreigners]
      .filter(
        ([entry, was]) => JSON.stringify([entry.name, entry.attributes, entry.active]) !== was,
      )
      .map(([entry]) => entry);
  }

  isEnabled(ruleId: string): boolean {
    return !this.disabledRules.has(ruleId);
  }

  enabling(ruleId: string, enabled: boolean): void {
    if (enabled) this.disabledRules.delete(ruleId);
    else this.disabledRules.add(ruleId);
    this.disabled.delete(ruleId);
  }

  enabled(ruleId: string, enabled: boolean, now: number): void {
    // Another command may have been sent since.
    if (!enabled && this.disabledRules.has(ruleId)) this.disabled.set(ruleId, now);
    else this.disabled.delete(ruleId);
  }

  disabledSince(resourceId: string): number | undefined {
    return this.disabled.get(this.things.get(resourceId)?.scope.ruleId ?? '');
  }

  isPaused(targetId: string): boolean {
    return this.pauses.has(targetId);
  }

  resuming(targetId: string): void {
    this.pauses.delete(targetId);
  }

  paused(targetId: string, paused: boolean, now: number): void {
    if (paused) this.pauses.set(targetId, now);
    else this.pauses.delete(targetId);
  }

  pausedSince(targetId: string): number | undefined {
    return this.pauses.get(targetId);
  }

  /** Says what is wrong with a change of an entry, if anything is. */
  judge(
    directory: SimulatedDirectory,
    operation: string,
    entry: FakeEntry,
    owner: string | undefined,
  ): string | undefined {
    const what = `${operation} of "${entry.name}" (${entry.reference})`;
    if (owner === undefined) return `${what}, which nobody made or adopted`;
    const thing = this.things.get(owner);
    // It was made by an attempt that nobody heard of.
    if (!thing) return undefined;
    const policies = this.policiesOf(thing.scope.ruleId, directory.targetId);
    const isForeign = !directory.madeFor.has(entry.reference);
    if (isForeign && !policies.some(({ correlation }) => correlation.policy === 'ADOPT')) {
      return `${what}, which was there before and must not be adopted`;
    }
    if (operation !== 'remove') return undefined;
    return policies.some((policy) => mayRemove(thing, policy))
      ? undefined
      : `${what} without policy`;
  }
}

function mayRemove(thing: Thing, { onDelete, onDeactivate }: SyncAs): boolean {
  if (thing.removal !== 'never' && onDelete === 'DELETE') return true;
  if (thing.scope.resourceType === GROUP || onDeactivate !== 'DELETE') return false;
  return thing.ever.some(({ active, title }) => active === false || title === 'out');
}

export function sameAttributes(one: ScimObject, other: ScimObject): boolean {
  return equalAttributes(one, other);
}
