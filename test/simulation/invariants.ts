/** What has to hold at the end of a history, when all faults are over and nothing waits any more. */
import { GROUP, type ScimObject, USER } from '../../src/domain/resource';
import { type SyncAs } from '../../src/domain/sync-rule';
import { type FakeEntry } from '../support/fake-connector';
import { type MemoryDatabase } from '../support/memory-mongo/connection';
import { type Document } from '../support/memory-mongo/values';
import { type SimulatedDirectory } from './directory';
import { type Known, sameAttributes, type Thing } from './known';

export interface Found {
  readonly database: MemoryDatabase;
  readonly directories: readonly SimulatedDirectory[];
  readonly known: Known;
}

export function checkEverything(found: Found): readonly string[] {
  return [
    ...checkStore(found),
    ...found.directories.flatMap((directory) => new DirectoryCheck(found, directory).violations()),
  ];
}

/** What was acknowledged is there, and nothing that nobody asked for. */
function checkStore({ database, known }: Found): readonly string[] {
  const documents = database.collection('resources').documents;
  const violations: string[] = [];
  for (const thing of known.things.values()) {
    const document = documents.get(thing.id);
    const isLive = document?.['live'] === true;
    if (isLive && thing.removal === 'acknowledged') violations.push(`${thing.id} is not removed`);
    if (!isLive && thing.removal === 'never') violations.push(`${thing.id} is lost`);
    if (!isLive) continue;
    const attributes = document['attributes'] as ScimObject;
    if (!thing.states.some((state) => sameAttributes(state, attributes))) {
      violations.push(`${thing.id} has a state that was not the last`);
    }
    if (thing.scope.resourceType === GROUP)
      violations.push(...checkMembers(thing, database, known));
  }
  for (const document of documents.values()) {
    const isKnown =
      known.things.has(String(document['_id'])) ||
      known.attempts.some(({ isRefused, ruleId }) => !isRefused && ruleId === document['ruleId']);
    if (!isKnown) violations.push(`${String(document['_id'])} was made by nobody`);
  }
  return violations;
}

function checkMembers(group: Thing, database: MemoryDatabase, known: Known): readonly string[] {
  if (!group.knowsMembers) return [];
  return [...group.members].flatMap(([memberId, expected]) => {
    if (expected === undefined || !known.isLive(memberId)) return [];
    const membership = database.collection('memberships').documents.get(`${group.id}:${memberId}`);
    const isMember = membership?.['present'] === true;
    return isMember === expected ? [] : [`${memberId} is ${isMember ? '' : 'not '}in ${group.id}`];
  });
}

type Wish = 'active' | 'inactive' | 'gone' | 'any';

class DirectoryCheck {
  private readonly resources: readonly Document[];
  private readonly bindings: ReadonlyMap<string, Document>;

  constructor(
    private readonly found: Found,
    private readonly directory: SimulatedDirectory,
  ) {
    this.resources = [...found.database.collection('resources').documents.values()];
    this.bindings = found.database.collection('bindings').documents;
  }

  violations(): readonly string[] {
    const { known } = this.found;
    return [
      ...this.doubles(),
      ...this.resources.flatMap((resource) => this.checkResource(resource)),
      ...[...known.things.values()].flatMap((thing) => this.checkErased(thing)),
      ...this.foreigners(),
    ].map((violation) => `${this.directory.targetId}: ${violation}`);
  }

  private doubles(): readonly string[] {
    const owners = [...this.directory.entries.keys()].map((one) => this.directory.madeFor.get(one));
    const seen = new Set<string>();
    return owners.flatMap((owner) => {
      if (owner === undefined) return [];
      if (seen.has(owner)) return [`${owner} has two entries`];
      seen.add(owner);
      return [];
    });
  }

  private foreigners(): readonly string[] {
    const { known } = this.found;
    if (known.policies.some(({ syncAs }) => syncAs.correlation.policy === 'ADOPT')) return [];
    return known.changedForeigners.map(({ name }) => `"${name}" was there before, and is changed`);
  }

  private checkResource(resource: Document): readonly string[] {
    const syncAs = this.syncAsOf(resource);
    if (!syncAs) return [];
    const id = String(resource['_id']);
    const binding = this.bindings.get(`${this.directory.targetId}:${id}`);
    const wish = this.wishFor(resource, syncAs);
    if (!binding) return this.checkUnbound(resource, wish);
    const entry = this.directory.entries.get(String(binding['reference']));
    if (binding['state'] === 'PARKED')
      return this.isRightlyParked(resource, entry)
        ? []
        : [`${id} is parked: ${JSON.stringify(binding['lastError'])}`];
    const state = `${id} (${String(binding['state'])}, ${wish})`;
    if (wish === 'any') return [];
    const own = entry ?? this.madeFor(id);
    if (wish === 'gone') return own ? [`${state} is still there`] : [];
    if (resource['resourceType'] === GROUP) return this.checkGroup(resource, entry, state);
    return this.checkUser(resource, wish, entry, state);
  }

  /** What is deleted loses its bindings before it is erased itself. */
  private checkUnbound({ _id, live }: Document, wish: Wish): readonly string[] {
    const id = String(_id);
    if (live === true) return [`${id} has no binding`];
    return wish === 'gone' && this.madeFor(id) ? [`${id} has no binding, and is still there`] : [];
  }

  private checkUser(
    resource: Document,
    wish: Wish,
    entry: FakeEntry | undefined,
    state: string,
  ): readonly string[] {
    const attributes = resource['attributes'] as ScimObject;
    if (!entry) return [`${state} is not there`];
    const { userName, title } = attributes;
    const wrong =
      entry.name !== userName ||
      entry.attributes['uid']?.join() !== userName ||
      entry.attributes['title']?.join() !== title;
    const violations = wrong
      ? [`${state} is ${JSON.stringify(entry)}, not ${JSON.stringify(attributes)}`]
      : [];
    if (entry.active !== (wish === 'active'))
      violations.push(`${state} is active: ${entry.active}`);
    return violations;
  }

  /** Members whose entries are as the rule wants them are in the group; nobody is of whom nobody knows why. */
  private checkGroup(
    group: Document,
    entry: FakeEntry | undefined,
    state: string,
  ): readonly string[] {
    const { displayName } = group['attributes'] as ScimObject;
    if (!entry || entry.name !== displayName) return [`${state} is ${JSON.stringify(entry)}`];
    const memberships = [...this.found.database.collection('memberships').documents.values()];
    const expected = new Set<string>();
    const tolerated = new Set<string>();
    for (const { groupId, memberId, present } of memberships) {
      if (groupId !== group['_id'] || present !== true) continue;
      const member = this.resources.find(({ _id }) => _id === memberId);
      const binding = this.bindings.get(`${this.directory.targetId}:${String(memberId)}`);
      const its = this.directory.entries.get(String(binding?.['reference']));
      if (!member || !binding) continue;
      const syncAs = this.syncAsOf(member);
      const wish = syncAs ? this.wishFor(member, syncAs) : 'any';
      // Whether an entry that is kept is still there, nobody looks.
      if (!its && wish === 'any') tolerated.add(String(binding['name']));
      if (!its) continue;
      const key = this.directory.options.membersByReference ? its.reference : its.name;
      const isSure = (wish === 'active' || wish === 'inactive') && binding['state'] === 'SYNCED';
      (isSure ? expected : tolerated).add(key);
    }
    const missing = [...expected].filter((key) => !entry.members.has(key));
    const others = [...entry.members].filter((key) => !expected.has(key) && !tolerated.has(key));
    // A name that has been somebody's who is kept as he is says nothing about who is meant.
    const isVague = tolerated.size > 0 && !this.directory.options.membersByReference;
    // Who takes over the entry that another group has left takes over whom it has.
    const isTakenOver = this.directory.madeFor.get(entry.reference) !== group['_id'];
    const strangers = isVague || isTakenOver ? [] : others;
    return [
      ...missing.map((key) => `${state} lacks ${key}`),
      ...strangers.map((key) => `${state} has ${key}`),
    ];
  }

  /** What is erased has been taken back, as far as the rule had it so all along. */
  private checkErased(thing: Thing): readonly string[] {
    if (this.resources.some(({ _id }) => _id === thing.id)) return [];
    const policies = this.found.known.policiesOf(thing.scope.ruleId, this.directory.targetId);
    if (!policies.every(({ onDelete }) => onDelete === 'DELETE')) return [];
    const left = this.madeFor(thing.id);
    // Somebody else may have taken it over.
    const isLeft =
      left && ![...this.bindings.values()].some(({ reference }) => reference === left.reference);
    return isLeft ? [`${thing.id} is erased, and its entry is there`] : [];
  }

  private wishFor(resource: Document, syncAs: SyncAs): Wish {
    const { known } = this.found;
    const { active, title } = resource['attributes'] as ScimObject;
    const policies = known.policiesOf(String(resource['ruleId']), this.directory.targetId);
    if (resource['live'] !== true) {
      const always = policies.every(({ onDelete }) => onDelete === 'DELETE');
      return always ? 'gone' : 'any';
    }
    if (resource['resourceType'] === GROUP) return 'active';
    const isOut = syncAs.scopeFilter !== undefined && title === 'out';
    if (!isOut && active !== false) return 'active';
    if (syncAs.onDeactivate === 'DELETE') return 'gone';
    return syncAs.onDeactivate === 'KEEP' || isOut ? 'any' : 'inactive';
  }

  /** A name that somebody else has, be it by taking over what was made for this one before it knew. */
  private isRightlyParked(resource: Document, entry: FakeEntry | undefined): boolean {
    const { userName, displayName } = resource['attributes'] as ScimObject;
    const isUser = resource['resourceType'] === USER;
    const taken = this.directory
      .named(isUser ? 'user' : 'group')
      .get((isUser ? userName : displayName) as string);
    if (taken === undefined || taken === entry) return false;
    return this.directory.madeFor.get(taken.reference) !== resource['_id'] || this.isBound(taken);
  }

  private isBound({ reference }: FakeEntry): boolean {
    return [...this.bindings.values()].some(
      (one) => one['targetId'] === this.directory.targetId && one['reference'] === reference,
    );
  }

  private madeFor(id: string): FakeEntry | undefined {
    return [...this.directory.entries.values()].find(
      ({ reference }) => this.directory.madeFor.get(reference) === id,
    );
  }

  private syncAsOf({ ruleId }: Document): SyncAs | undefined {
    const rule = this.found.database.collection('sync_rules').documents.get(String(ruleId));
    const all = (rule?.['syncAs'] ?? []) as readonly SyncAs[];
    return all.find(({ targetId }) => targetId === this.directory.targetId);
  }
}
