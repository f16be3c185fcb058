/** One RADIUS target: profiles in one of the stores, under one set of rules. */
import {
  type AttributeChange,
  type CallContext,
  type Connector,
  ConnectorError,
  type CorrelationKey,
  type DesiredEntry,
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

/** A connector over a store that is opened by its first call. */
export class RadiusConnector implements Connector {
  constructor(private readonly parts: RadiusParts) {}

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
    return this.parts.store.write(call, async (profiles) => {
      const subject = await subjectOf(profiles, kind, ref, 'adopt');
      await profiles.setActive(subject, active);
      return { reference: subject.entry.id, name: subject.entry.name };
    });
  }

  async remove(kind: EntryKind, ref: EntryRef, call: CallContext): Promise<void> {
    await this.parts.store.write(call, async (profiles) => {
      const entry = await profiles.locate(kind, ref, 'remove');
      if (entry) await profiles.remove(kind, entry);
    });
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

  private checkName(kind: EntryKind, name: string): void {
    checkName(kind, NAMING[kind], name);
    this.parts.realm.check(kind, NAMING[kind], name);
    this.parts.store.checkName?.(kind, name);
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
