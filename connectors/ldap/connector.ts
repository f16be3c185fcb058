/** The open LDAP directory. */
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
  type ReadContext,
  type NativeChange,
  type TargetSchema,
  type TestStep,
  type Written,
} from '../spi';
import { setActive } from './activation';
import { Connection } from './connection';
import { ConnectionPool } from './connection-pool';
import { PASSWORD_MODIFY, passwordModifyValue } from './controls';
import { createEntry } from './create';
import { isWithin } from './dn';
import { baseDn, requestedAttributes, tellingClass, toEntry } from './entry';
import { allOf, equals, Exchange } from './exchange';
import { changeMembers } from './groups';
import { listEntries } from './list';
import { planChanges } from './plan';
import { assertSameDirectory } from './same-directory';
import { readSubschema, targetSchema } from './schema';
import { type Server, Servers } from './servers';
import { type LdapSecrets, type LdapSettings, serverUrls } from './settings';
import { testSteps } from './test-steps';
import { updateEntry } from './update';

/** More matches than this are as good as this many: the gateway asks for none, one or several. */
const SEVERAL = 25;

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
    context: ConnectorContext,
  ) {
    const servers = new Servers({ ...settings, urls: serverUrls(settings) });
    const open = async ({ url }: Server): Promise<Connection> => {
      const connection = await Connection.open({ ...settings, url }, secrets);
      await assertSameDirectory(connection, servers, settings, url);
      return connection;
    };
    this.pool = new ConnectionPool(open, servers, settings, (...line) => context.log(...line));
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

  read(kind: EntryKind, ref: EntryRef, call: ReadContext): Promise<Entry | undefined> {
    const exchange = this.exchange(call);
    return exchange.guard(`read the ${kind}`, async () => {
      const found = await exchange.find(ref, requestedAttributes(this.settings, call.attributes));
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
      const found = await exchange.search(base, 'sub', filter, wanted, SEVERAL);
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
    return exchange.guard(`create the ${kind}`, () =>
      createEntry(exchange, this.settings, kind, desired, owner),
    );
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
    return exchange.guard(`${active ? 'enable' : 'disable'} the ${kind}`, () =>
      setActive(exchange, this.settings, { kind, ref }, active),
    );
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
