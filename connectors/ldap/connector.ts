/** The open LDAP directory. */
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
import { Connection } from './connection';
import { ConnectionPool } from './connection-pool';
import { PASSWORD_MODIFY, passwordModifyValue, PostReadControl } from './controls';
import { isWithin } from './dn';
import {
  addition,
  baseDn,
  change,
  entryUuid,
  LOCK_ATTRIBUTE,
  LOCKED_FOR_GOOD,
  namingAttribute,
  requestedAttributes,
  tellingClass,
  toEntry,
} from './entry';
import { allOf, equals, Exchange } from './exchange';
import { hasCode, RESULT } from './failures';
import { changeMembers } from './groups';
import { listEntries } from './list';
import { planChanges } from './plan';
import { readSubschema, targetSchema } from './schema';
import { type LdapSecrets, type LdapSettings } from './settings';
import { testSteps } from './test-steps';
import { updateEntry } from './update';

/** The bases to look under, without those that lie within another. */
function outermostBases(settings: LdapSettings): readonly string[] {
  const { userBaseDN, groupBaseDN } = settings;
  if (isWithin(groupBaseDN, userBaseDN)) return [userBaseDN];
  return isWithin(userBaseDN, groupBaseDN) ? [groupBaseDN] : [userBaseDN, groupBaseDN];
}

export class LdapConnector implements Connector {
  private readonly pool: ConnectionPool;
  private readonly bases: readonly string[];

  constructor(
    private readonly settings: LdapSettings,
    private readonly secrets: LdapSecrets,
  ) {
    this.pool = new ConnectionPool(() => Connection.open(settings, secrets), settings);
    this.bases = outermostBases(settings);
  }

  private exchange(call: CallContext): Exchange {
    return new Exchange(this.pool, this.bases, call);
  }

  test(call: CallContext): Promise<readonly TestStep[]> {
    return testSteps(this.exchange(call), this.settings, this.secrets, call.signal);
  }

  schema(call: CallContext): Promise<TargetSchema> {
    const exchange = this.exchange(call);
    return exchange.guard('read the schema', async () =>
      targetSchema(await readSubschema(exchange), this.settings),
    );
  }

  read(kind: EntryKind, ref: EntryRef, call: CallContext): Promise<Entry | undefined> {
    const exchange = this.exchange(call);
    return exchange.guard(`read the ${kind}`, async () => {
      const found = await exchange.find(ref, requestedAttributes(this.settings));
      return found && toEntry(kind, found, this.settings);
    });
  }

  correlate(
    kind: EntryKind,
    keys: readonly CorrelationKey[],
    call: CallContext,
  ): Promise<readonly Entry[]> {
    const exchange = this.exchange(call);
    return exchange.guard(`look for the ${kind}`, async () => {
      if (keys.length === 0 || keys.some((key) => key.value === '')) return [];
      const filter = allOf([
        equals('objectClass', tellingClass(kind, this.settings)),
        ...keys.map((key) => equals(key.attribute, key.value)),
      ]);
      const base = baseDn(kind, this.settings);
      const wanted = requestedAttributes(this.settings);
      const found = await exchange.search(base, 'sub', filter, wanted);
      return found.map((raw) => toEntry(kind, raw, this.settings));
    });
  }

  create(
    kind: EntryKind,
    desired: DesiredEntry,
    owner: string,
    call: CallContext,
  ): Promise<Written> {
    const exchange = this.exchange(call);
    const naming = namingAttribute(kind, this.settings);
    return exchange.guard(
      `create the ${kind}`,
      async () => {
        const { ownerAttribute } = this.settings;
        const extra: Record<string, readonly string[]> = {};
        if (ownerAttribute !== undefined) extra[ownerAttribute] = [owner];
        // Checked first of all, so that a bad name never reaches the directory.
        const { dn } = addition(kind, desired, extra, this.settings);
        if (!desired.active) {
          await this.refuseWithoutLock(kind, exchange);
          extra[LOCK_ATTRIBUTE] = [LOCKED_FOR_GOOD];
        }
        const { attributes } = addition(kind, desired, extra, this.settings);
        const postRead = new PostReadControl(['entryUUID']);
        try {
          await exchange.add(dn, attributes, [postRead]);
        } catch (error) {
          throw this.explainAddition(kind, error, dn);
        }
        const made = postRead.entry ?? (await exchange.readDn(dn, ['entryUUID']));
        const reference = entryUuid(made);
        if (made && reference !== '') return { reference, name: made.dn };
        const message = `${dn} was made, but its entryUUID cannot be read by ${this.settings.bindDN}.`;
        throw new ConnectorError('permission', message);
      },
      naming,
    );
  }

  private explainAddition(kind: EntryKind, error: unknown, dn: string): unknown {
    const base = baseDn(kind, this.settings);
    if (hasCode(error, RESULT.noSuchObject)) {
      const message = `Could not create the ${kind}: the base ${base} does not exist.`;
      return new ConnectorError('invalid', message, { cause: error });
    }
    // OpenLDAP answers "other" when a name does not fit into its database key.
    if (hasCode(error, RESULT.other) && Buffer.byteLength(dn) - Buffer.byteLength(base) > 200) {
      const naming = namingAttribute(kind, this.settings);
      const message = `Could not create the ${kind}: ${naming} is too long to name an entry.`;
      return new ConnectorError('invalid', message, { attribute: naming, cause: error });
    }
    return error;
  }

  update(
    kind: EntryKind,
    ref: EntryRef,
    changes: readonly AttributeChange[],
    call: CallContext,
  ): Promise<Written> {
    const exchange = this.exchange(call);
    return exchange.guard(`change the ${kind}`, () =>
      updateEntry(exchange, this.settings, kind, ref, changes),
    );
  }

  members(group: EntryRef, delta: MemberDelta, call: CallContext): Promise<Written> {
    const exchange = this.exchange(call);
    return exchange.guard('change the members', () =>
      changeMembers(exchange, this.settings, group, delta),
    );
  }

  setActive(kind: EntryKind, ref: EntryRef, active: boolean, call: CallContext): Promise<Written> {
    const exchange = this.exchange(call);
    return exchange.guard(`${active ? 'enable' : 'disable'} the ${kind}`, async () => {
      await this.refuseWithoutLock(kind, exchange);
      const lock = change('replace', LOCK_ATTRIBUTE, active ? [] : [LOCKED_FOR_GOOD]);
      const { dn } = await exchange.modify(ref, [lock]);
      return { reference: ref.reference, name: dn };
    });
  }

  private async refuseWithoutLock(kind: EntryKind, exchange: Exchange): Promise<void> {
    if (kind === 'group') throw new ConnectorError('unsupported', 'A group cannot be disabled.');
    const { activation } = this.settings;
    if (activation === 'pwdAccountLockedTime') return;
    if (activation === 'auto' && (await exchange.features()).passwordPolicy) return;
    const reason =
      activation === 'none' ? 'activation is none' : 'the directory has no password policy';
    throw new ConnectorError('unsupported', `Accounts cannot be disabled here: ${reason}.`);
  }

  setPassword(ref: EntryRef, password: string, call: CallContext): Promise<void> {
    const exchange = this.exchange(call);
    return exchange.guard('set the password', async () => {
      if (!(await exchange.features()).passwordModify) {
        const message = 'The directory does not offer the Password Modify operation (RFC 3062).';
        throw new ConnectorError('unsupported', message);
      }
      // No assertion: servers check it for updates only, and this is an extended operation.
      const dn = await exchange.locate(ref);
      await exchange.send(({ client }) =>
        client.exop(PASSWORD_MODIFY, passwordModifyValue(dn, password)),
      );
    });
  }

  remove(kind: EntryKind, ref: EntryRef, call: CallContext): Promise<void> {
    const exchange = this.exchange(call);
    return exchange.guard(`remove the ${kind}`, async () => {
      try {
        await exchange.writeTo(ref, ({ client }, dn, controls) => client.del(dn, [...controls]));
      } catch (error) {
        if (!(error instanceof ConnectorError && error.kind === 'notFound')) throw error;
      }
    });
  }

  list(kind: EntryKind, call: CallContext): AsyncIterable<Entry> {
    return listEntries(this.pool, kind, this.settings, call);
  }

  plan(
    kind: EntryKind,
    current: Entry | undefined,
    desired: DesiredEntry,
  ): readonly NativeChange[] {
    return planChanges(kind, current, desired, this.settings);
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}
