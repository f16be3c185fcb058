/** One RADIUS target: FreeRADIUS profiles in the tables of its `sql` module. */
import path from 'node:path';
import {
  type AttributeChange,
  type CallContext,
  type Connector,
  type ConnectorContext,
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
import { step, testDatabase } from '../sql/checks';
import type { Database } from '../sql/database';
import type { Transaction } from '../sql/transaction';
import { changedValues, matches, single } from '../sql/delta';
import { changeMembers, gone } from '../sql/members';
import { keyset } from '../sql/paging';
import { mark, rewrite, rowsOf } from './change';
import { Dictionary } from './dictionary';
import { checkName } from './encoding';
import { NAMING, parseName, type Place } from './names';
import { plan } from './plan';
import { type Known, Profiles, type StoredRows } from './profiles';
import { DISABLED, isDisabling, parseNames } from './rows';
import { RADIUS_TARGET_SCHEMA } from './schema';
import type { RadiusSettings } from './settings';
import { RADIUS_TABLES, type RadiusSchema } from './tables';

const PLACES: readonly Place[] = ['check', 'reply'];

/** A connector over an open or yet unopened database. */
export class RadiusConnector implements Connector {
  private loaded: Dictionary | undefined;

  constructor(
    private readonly database: Database<RadiusSchema>,
    private readonly settings: RadiusSettings,
    private readonly context: ConnectorContext,
  ) {}

  async test(call: CallContext): Promise<readonly TestStep[]> {
    const steps = await testDatabase(this.database, RADIUS_TABLES, call);
    const { dictionary } = this.settings;
    if (dictionary === undefined) return steps;
    const read = await step('dictionary', async () => {
      this.loaded = undefined;
      return `${this.dictionary()?.size ?? 0} attributes in ${dictionary}`;
    });
    return [...steps, read];
  }

  async schema(): Promise<TargetSchema> {
    return RADIUS_TARGET_SCHEMA;
  }

  read(kind: EntryKind, ref: EntryRef, call: CallContext): Promise<Entry | undefined> {
    return this.reading(call, async (profiles) => {
      const known = await profiles.locate(kind, ref, 'read');
      return known && (await profiles.load(kind, [known]))[0];
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
    return this.reading(call, async (profiles) => {
      const names = name
        ? [name.value]
        : await profiles.holders(kind, best.attribute, parseName(kind, best.attribute), best.value);
      const known: Known[] = [];
      for (const one of names) {
        const found = await profiles.named(kind, one);
        if (found) known.push(found);
      }
      return (await profiles.load(kind, known)).filter((entry) => matches(entry, keys));
    });
  }

  async create(
    kind: EntryKind,
    desired: DesiredEntry,
    owner: string,
    call: CallContext,
  ): Promise<Written> {
    const { attributes } = desired;
    const name = single(NAMING[kind], attributes[NAMING[kind]]);
    checkName(kind, NAMING[kind], name);
    const rows = rowsOf(kind, desired, this.dictionary());
    return this.writing(call, async (profiles) => {
      const { id } = await profiles.create(kind, name, owner);
      for (const place of PLACES) await profiles.insertRows(kind, name, place, rows[place]);
      return { reference: id, name };
    });
  }

  async update(
    kind: EntryKind,
    ref: EntryRef,
    changes: readonly AttributeChange[],
    call: CallContext,
  ): Promise<Written> {
    const named = parseNames(
      kind,
      changes.map((change) => change.attribute),
    );
    const dictionary = this.dictionary();
    return this.writing(call, async (profiles) => {
      const intent = changes.length > 0 ? 'adopt' : 'read';
      const entry = await profiles.locate(kind, ref, intent);
      if (!entry) throw gone(kind);
      const rows = (await profiles.rows(kind, [entry.name])).get(entry.name) as StoredRows;
      if (changes.length > 0) await mark(profiles, { kind, entry, rows });
      for (const change of changes) {
        const slot = named.find((one) => one.name === change.attribute);
        if (slot) await rewrite(profiles, { kind, entry, rows }, slot, change, dictionary);
      }
      const naming = changes.find((change) => change.attribute === NAMING[kind]);
      const name = naming ? single(NAMING[kind], changedValues([entry.name], naming)) : entry.name;
      if (name !== entry.name) {
        checkName(kind, NAMING[kind], name);
        await profiles.rename(kind, entry, name);
      }
      return { reference: entry.id, name };
    });
  }

  async members(group: EntryRef, delta: MemberDelta, call: CallContext): Promise<Written> {
    return changeMembers<Profiles, Known>(
      {
        write: (work) => this.writing(call, work),
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
    return this.writing(call, async (profiles) => {
      const entry = await profiles.locate(kind, ref, 'adopt');
      if (!entry) throw gone(kind);
      const rows = (await profiles.rows(kind, [entry.name])).get(entry.name) as StoredRows;
      await mark(profiles, { kind, entry, rows });
      for (const place of PLACES) {
        const present = rows[place].filter((row) => isDisabling(place, row));
        if (active) await profiles.deleteRows(kind, place, present);
        else if (present.length === 0) {
          await profiles.insertRows(kind, entry.name, place, DISABLED[place]);
        }
      }
      return { reference: entry.id, name: entry.name };
    });
  }

  async remove(kind: EntryKind, ref: EntryRef, call: CallContext): Promise<void> {
    await this.writing(call, async (profiles) => {
      const entry = await profiles.locate(kind, ref, 'remove');
      if (entry) await profiles.remove(kind, entry);
    });
  }

  async *list(kind: EntryKind, call: CallContext): AsyncGenerator<Entry, void, undefined> {
    const page = async (after: string, limit: number): Promise<(Entry & { id: string })[]> =>
      this.reading(call, async (profiles) => {
        const entries = await profiles.load(kind, await profiles.page(kind, after, limit));
        return entries.map((entry) => ({ ...entry, id: entry.reference }));
      });
    for await (const { id: _id, ...entry } of keyset(page)) yield entry;
  }

  plan(
    kind: EntryKind,
    current: Entry | undefined,
    desired: DesiredEntry,
  ): readonly NativeChange[] {
    return plan(kind, current, desired);
  }

  close(): Promise<void> {
    return this.database.close();
  }

  private reading<Result>(
    call: CallContext,
    work: (profiles: Profiles) => Promise<Result>,
  ): Promise<Result> {
    return this.database.read(call, (transaction) => work(this.profiles(transaction)));
  }

  private writing<Result>(
    call: CallContext,
    work: (profiles: Profiles) => Promise<Result>,
  ): Promise<Result> {
    return this.database.write(call, (transaction) => work(this.profiles(transaction)));
  }

  private profiles(transaction: Transaction<RadiusSchema>): Profiles {
    return new Profiles(transaction, this.settings.safeCharacters);
  }

  /** Read once: a server has to be restarted for a new dictionary too. */
  private dictionary(): Dictionary | undefined {
    const { dictionary } = this.settings;
    if (dictionary === undefined) return undefined;
    const file = path.resolve(this.context.dataDir, dictionary);
    try {
      return (this.loaded ??= new Dictionary(file));
    } catch (error) {
      throw new ConnectorError(
        'invalid',
        `the dictionary cannot be read: ${(error as Error).message}`,
      );
    }
  }
}
