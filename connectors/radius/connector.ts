/** One RADIUS target: profiles in one of the stores, under one set of rules. */
import {
  type AttributeChange,
  type Attributes,
  type CallContext,
  type Connector,
  type ConnectorContext,
  ConnectorError,
  type CorrelationKey,
  type DesiredEntry,
  type DirectoryResponse,
  type Entry,
  type EntryKind,
  type EntryRef,
  type MemberDelta,
  type NativeChange,
  type TargetSchema,
  type TestStep,
  type Written,
} from '../spi';
import { changedValues, matches, single } from '../sql/delta';
import { changeMembers, gone } from '../sql/members';
import { keyset } from '../sql/paging';
import { profileOf, rewrite } from './change';
import type { Disconnector } from './disconnect';
import type { DictionaryFile } from './dictionary-file';
import { NAMING, parseName } from './names';
import { plan } from './plan';
import { attributesOf, parseNames, type RowRule } from './profile';
import type { Realm } from './realm';
import { RADIUS_TARGET_SCHEMA } from './schema';
import type { Known, Profiles, ProfileStore, StoredProfile, Subject } from './store';
import { checkName, textRule } from './text';
import { expandAttributes, expandChanges, expandName, withVlan } from './vlan';

/** What a connector is made of. */
export interface RadiusParts {
  readonly store: ProfileStore;
  readonly dictionary: DictionaryFile;
  readonly realm: Realm;
  readonly disconnector: Disconnector | undefined;
  log: ConnectorContext['log'];
}

function entryOf(kind: EntryKind, { id, name, owner }: Known, profile: StoredProfile): Entry {
  return {
    reference: id,
    name,
    attributes: withVlan(attributesOf(kind, name, profile.rows)),
    active: profile.active,
    ...(owner === null ? {} : { owner }),
  };
}

type Answer = Promise<DirectoryResponse>;

/** A connector over a store that is opened by its first call. */
export class RadiusConnector implements Connector {
  readonly flush?: (call: CallContext) => Promise<void>;
  readonly answer?: Connector['answer'];
  /** Users whose sessions end when the server knows that they may not be in. */
  private outgoing: Attributes[] = [];

  constructor(private readonly parts: RadiusParts) {
    const { store } = parts;
    if (store.flush) this.flush = (call) => this.makeEffective(call);
    if (store.answer) this.answer = (request, call) => store.answer?.(request, call) as Answer;
  }

  async test(call: CallContext): Promise<readonly TestStep[]> {
    const steps = await this.parts.store.test(call);
    return [...steps, await this.parts.dictionary.test()];
  }

  async schema(): Promise<TargetSchema> {
    return RADIUS_TARGET_SCHEMA;
  }

  read(kind: EntryKind, ref: EntryRef, call: CallContext): Promise<Entry | undefined> {
    return this.parts.store.read(call, async (profiles) => {
      const known = await profiles.locate(kind, ref, 'read');
      return known && (await entriesOf(profiles, kind, [known]))[0];
    });
  }

  async correlate(
    kind: EntryKind,
    keys: readonly CorrelationKey[],
    call: CallContext,
  ): Promise<readonly Entry[]> {
    const name = keys.find((key) => key.attribute === NAMING[kind]);
    const best = name ?? keys[0];
    if (!best || keys.some((key) => key.value === '')) return [];
    if (name && !this.parts.realm.covers(kind, name.value)) return [];
    return this.parts.store.read(call, async (profiles) => {
      const names = name
        ? [name.value]
        : await profiles.holders(
            kind,
            best.attribute,
            parseName(kind, expandName(best.attribute)),
            best.value,
          );
      const known: Known[] = [];
      for (const one of names) {
        const found = await profiles.named(kind, one);
        if (found) known.push(found);
      }
      return (await entriesOf(profiles, kind, known)).filter((entry) => matches(entry, keys));
    });
  }

  async create(
    kind: EntryKind,
    desired: DesiredEntry,
    owner: string,
    call: CallContext,
  ): Promise<Written> {
    const attributes = expandAttributes(desired.attributes);
    const name = single(NAMING[kind], attributes[NAMING[kind]]);
    this.checkName(kind, name);
    const profile = profileOf(kind, { ...desired, attributes }, this.rule());
    return this.parts.store.write(call, async (profiles) => {
      const { id } = await profiles.create(kind, name, owner, profile);
      return { reference: id, name };
    });
  }

  async update(
    kind: EntryKind,
    ref: EntryRef,
    changes: readonly AttributeChange[],
    call: CallContext,
  ): Promise<Written> {
    const rule = this.rule();
    return this.parts.store.write(call, async (profiles) => {
      const subject = await subjectOf(profiles, kind, ref, changes.length > 0 ? 'adopt' : 'read');
      const { entry } = subject;
      const steps = expandChanges(changes, attributesOf(kind, entry.name, subject.profile.rows));
      const named = parseNames(
        kind,
        steps.map((change) => change.attribute),
      );
      for (const change of steps) {
        const slot = named.find((one) => one.name === change.attribute);
        if (slot) await rewrite(profiles, subject, slot, change, rule);
      }
      const naming = changes.find((change) => change.attribute === NAMING[kind]);
      const name = naming ? single(NAMING[kind], changedValues([entry.name], naming)) : entry.name;
      if (name !== entry.name) {
        this.checkName(kind, name);
        await profiles.rename(kind, entry, name);
      }
      return { reference: entry.id, name };
    });
  }

  async members(group: EntryRef, delta: MemberDelta, call: CallContext): Promise<Written> {
    return changeMembers<Profiles, Known>(
      {
        write: (work) => this.parts.store.write(call, work),
        locate: (profiles) => profiles.locate('group', group, 'adopt'),
        remove: async (profiles, found, refs) =>
          profiles.removeMembers(found, await profiles.users(refs, 'remove')),
        add: async (profiles, found, refs) => {
          const users = await profiles.users(refs, 'adopt');
          await profiles.addMembers(found, users);
          return users.length;
        },
      },
      delta,
    );
  }

  async setActive(
    kind: EntryKind,
    ref: EntryRef,
    active: boolean,
    call: CallContext,
  ): Promise<Written> {
    if (kind === 'group') throw new ConnectorError('unsupported', 'groups cannot be disabled');
    const subject = await this.parts.store.write(call, async (profiles) => {
      const found = await subjectOf(profiles, kind, ref, 'adopt');
      await profiles.setActive(found, active);
      return found;
    });
    const written = { reference: subject.entry.id, name: subject.entry.name };
    const warning = active ? undefined : await this.end(subject, call);
    return warning === undefined ? written : { ...written, warnings: [warning] };
  }

  async remove(kind: EntryKind, ref: EntryRef, call: CallContext): Promise<void> {
    const removed = await this.parts.store.write(call, async (profiles) => {
      const entry = await profiles.locate(kind, ref, 'remove');
      if (!entry) return undefined;
      const [profile] = await profiles.load(kind, [entry]);
      await profiles.remove(kind, entry);
      return { kind, entry, profile: profile as StoredProfile };
    });
    const warning = removed && (await this.end(removed, call));
    if (warning !== undefined) this.warn(warning);
  }

  async *list(kind: EntryKind, call: CallContext): AsyncGenerator<Entry, void, undefined> {
    const page = async (after: string, limit: number): Promise<(Entry & { id: string })[]> =>
      this.parts.store.read(call, async (profiles) => {
        const entries = await entriesOf(profiles, kind, await profiles.page(kind, after, limit));
        return entries.map((entry) => ({ ...entry, id: entry.reference }));
      });
    for await (const { id: _id, ...entry } of keyset(page)) yield entry;
  }

  plan(
    kind: EntryKind,
    current: Entry | undefined,
    desired: DesiredEntry,
  ): readonly NativeChange[] {
    const attributes = expandAttributes(desired.attributes);
    return plan(this.parts.store.notation, kind, current, { ...desired, attributes });
  }

  close(): Promise<void> {
    return this.parts.store.close();
  }

  /** Ends the sessions of a user who may not be in any more; answers a warning where that is in doubt. */
  private async end(
    { kind, entry, profile }: Subject,
    call: CallContext,
  ): Promise<string | undefined> {
    const { disconnector } = this.parts;
    if (!disconnector || kind === 'group') return undefined;
    const attributes = attributesOf(kind, entry.name, profile.rows);
    if (!this.flush) return disconnector.disconnect(attributes, call.signal);
    // Whoever is sent away before the server knows comes straight back.
    this.outgoing.push(attributes);
    return undefined;
  }

  private async makeEffective(call: CallContext): Promise<void> {
    const { store, disconnector } = this.parts;
    const outgoing = this.outgoing;
    this.outgoing = [];
    try {
      await store.flush?.(call);
    } catch (error) {
      this.outgoing.push(...outgoing);
      throw error;
    }
    if (!disconnector) return;
    const ends = outgoing.map((user) => disconnector.disconnect(user, call.signal));
    for (const warning of await Promise.all(ends)) if (warning !== undefined) this.warn(warning);
  }

  private warn(warning: string): void {
    this.parts.log('warn', 'A user who is disabled or removed may still be in', { warning });
  }

  private checkName(kind: EntryKind, name: string): void {
    const { realm, store } = this.parts;
    checkName(kind, NAMING[kind], name);
    realm.check(kind, NAMING[kind], name);
    // What is left without its realm must not be DEFAULT either.
    const stored = realm.stored(kind, name);
    checkName(kind, NAMING[kind], stored);
    store.checkName?.(kind, stored);
  }

  private rule(): RowRule {
    const rules = [textRule, this.parts.store.rule, this.parts.dictionary.rule()];
    return (kind, name, place, row) => {
      for (const rule of rules) rule(kind, name, place, row);
    };
  }
}

async function entriesOf(
  profiles: Profiles,
  kind: EntryKind,
  known: readonly Known[],
): Promise<Entry[]> {
  const loaded = await profiles.load(kind, known);
  return known.map((one, index) => entryOf(kind, one, loaded[index] as StoredProfile));
}

/** The entry with its content; fails with `notFound`. */
async function subjectOf(
  profiles: Profiles,
  kind: EntryKind,
  ref: EntryRef,
  intent: 'read' | 'adopt',
): Promise<Subject> {
  const entry = await profiles.locate(kind, ref, intent);
  if (!entry) throw gone(kind);
  const [profile] = await profiles.load(kind, [entry]);
  return { kind, entry, profile: profile as StoredProfile };
}
