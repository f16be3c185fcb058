/** One SAML target: federated users in tables that an identity provider or proxy reads. */
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
import { testDatabase } from '../sql/checks';
import type { Database } from '../sql/database';
import { matches } from '../sql/delta';
import { changeMembers, gone } from '../sql/members';
import { keyset } from '../sql/paging';
import type { Transaction } from '../sql/transaction';
import {
  changedColumns,
  changedGroup,
  changeNameIds,
  changeValues,
  checkChanges,
  newGroup,
  newUser,
} from './change';
import { type Group, Groups, toEntry } from './groups';
import { tablesOf } from './name-id-tables';
import { NAMING } from './names';
import { plan } from './plan';
import { targetSchema } from './schema';
import type { SamlSettings } from './settings';
import { type SamlSchema } from './tables';
import { Users } from './users';

interface Store {
  readonly users: Users;
  readonly groups: Groups;
}

type Work<Result> = (store: Store) => Promise<Result>;

/** A connector over an open or yet unopened database. */
export class SamlConnector implements Connector {
  private areNameIdsComplete: boolean;

  constructor(
    private readonly database: Database<SamlSchema>,
    private readonly settings: SamlSettings,
  ) {
    this.areNameIdsComplete = settings.serviceProviders.length === 0;
  }

  test(call: CallContext): Promise<readonly TestStep[]> {
    return testDatabase(this.database, tablesOf(this.settings), call);
  }

  async schema(): Promise<TargetSchema> {
    return targetSchema(this.settings);
  }

  read(kind: EntryKind, ref: EntryRef, call: CallContext): Promise<Entry | undefined> {
    return this.reading(call, async ({ users, groups }) => {
      if (kind === 'group') {
        const group = await groups.locate(ref, 'read');
        return group && toEntry(group);
      }
      const user = await users.locate(ref, 'read');
      return user && (await users.load([user]))[0];
    });
  }

  async correlate(
    kind: EntryKind,
    keys: readonly CorrelationKey[],
    call: CallContext,
  ): Promise<readonly Entry[]> {
    const best = keys.find((key) => key.attribute === NAMING[kind]) ?? keys[0];
    if (!best || keys.some((key) => key.value === '')) return [];
    return this.reading(call, async ({ users, groups }) => {
      if (kind === 'group') {
        const group = await groups.named(best.value);
        return group ? [toEntry(group)].filter((entry) => matches(entry, keys)) : [];
      }
      const candidates = await users.candidates(best.attribute, best.value);
      return (await users.load(candidates)).filter((entry) => matches(entry, keys));
    });
  }

  async create(
    kind: EntryKind,
    desired: DesiredEntry,
    owner: string,
    call: CallContext,
  ): Promise<Written> {
    if (kind === 'group') {
      const name = newGroup(desired.attributes);
      return this.writing(call, async ({ groups }) => {
        const { id } = await groups.create(name, owner);
        return { reference: id, name };
      });
    }
    const { columns, nameIds, attributes } = newUser(
      desired.attributes,
      desired.active,
      this.settings,
    );
    return this.writing(call, async ({ users }) => {
      const user = await users.create(columns, nameIds, owner);
      for (const [attribute, values] of attributes) {
        await users.addValues(user, attribute, values);
      }
      return { reference: user.id, name: user.username };
    });
  }

  async update(
    kind: EntryKind,
    ref: EntryRef,
    changes: readonly AttributeChange[],
    call: CallContext,
  ): Promise<Written> {
    if (kind === 'group') return this.updateGroup(ref, changes, call);
    checkChanges(changes, this.settings);
    return this.writing(call, async ({ users }) => {
      const user = await users.locate(ref, 'write');
      if (!user) throw gone(kind);
      const columns = changedColumns(user, changes, this.settings);
      const haveValuesChanged = await changeValues(users, user, changes);
      const haveNameIdsChanged = await changeNameIds(users, user, changes, this.settings);
      if (haveValuesChanged || haveNameIdsChanged || Object.keys(columns).length > 0) {
        await users.change(user, columns);
      }
      return { reference: user.id, name: columns.username ?? user.username };
    });
  }

  async members(group: EntryRef, delta: MemberDelta, call: CallContext): Promise<Written> {
    return changeMembers<Store, Group>(
      {
        write: (work) => this.writing(call, work),
        locate: ({ groups }) => groups.locate(group, 'write'),
        remove: ({ groups }, found, refs) => groups.removeMembers(found, refs),
        add: async ({ groups, users }, found, refs) => {
          const present = await users.present(refs);
          await groups.addMembers(found, present);
          return present.length;
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
    return this.writing(call, async ({ users }) => {
      const user = await users.locate(ref, 'write');
      if (!user) throw gone(kind);
      const value = active ? 1 : 0;
      if (user.active !== value) await users.change(user, { active: value });
      return { reference: user.id, name: user.username };
    });
  }

  async remove(kind: EntryKind, ref: EntryRef, call: CallContext): Promise<void> {
    await this.writing(call, async ({ users, groups }) => {
      if (kind === 'group') {
        const group = await groups.locate(ref, 'write');
        if (group) await groups.remove(group);
        return;
      }
      const user = await users.locate(ref, 'write');
      if (user) await users.remove(user);
    });
  }

  async *list(kind: EntryKind, call: CallContext): AsyncGenerator<Entry, void, undefined> {
    const page = (after: string, limit: number): Promise<(Entry & { id: string })[]> =>
      this.reading(call, async ({ users, groups }) => {
        const entries =
          kind === 'group'
            ? (await groups.page(after, limit)).map(toEntry)
            : await users.load(await users.page(after, limit));
        return entries.map((entry) => ({ ...entry, id: entry.reference }));
      });
    for await (const { id: _id, ...entry } of keyset(page)) yield entry;
  }

  plan(
    kind: EntryKind,
    current: Entry | undefined,
    desired: DesiredEntry,
  ): readonly NativeChange[] {
    return plan(kind, current, desired, this.settings);
  }

  close(): Promise<void> {
    return this.database.close();
  }

  private updateGroup(
    ref: EntryRef,
    changes: readonly AttributeChange[],
    call: CallContext,
  ): Promise<Written> {
    return this.writing(call, async ({ groups }) => {
      const group = await groups.locate(ref, 'write');
      if (!group) throw gone('group');
      const name = changedGroup(group.name, changes);
      if (name !== group.name) await groups.rename(group, name);
      return { reference: group.id, name };
    });
  }

  private async reading<Result>(call: CallContext, work: Work<Result>): Promise<Result> {
    await this.prepare(call);
    return this.database.read(call, (transaction) => work(this.store(transaction)));
  }

  private async writing<Result>(call: CallContext, work: Work<Result>): Promise<Result> {
    await this.prepare(call);
    return this.database.write(call, (transaction) => work(this.store(transaction)));
  }

  private store(transaction: Transaction<SamlSchema>): Store {
    return {
      users: new Users(transaction, this.settings),
      groups: new Groups(transaction, this.settings),
    };
  }

  /** Users made before a service provider was named get their NameID for it, a few at a time. */
  private async prepare(call: CallContext): Promise<void> {
    while (!this.areNameIdsComplete) {
      const isMore = await this.database.write(call, (transaction) =>
        this.store(transaction).users.completeSome(),
      );
      this.areNameIdsComplete = !isMore;
    }
  }
}
