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
  type MemberDifference,
  type ReadContext,
  type NativeChange,
  type TargetSchema,
  type TestStep,
  type Written,
} from '../spi';
import { activationOf, setActive } from './activation';
import { Connection, type Features } from './connection';
import { ConnectionPool } from './connection-pool';
import { createEntry } from './create';
import { requestedAttributes, toEntry } from './entry';
import { baseDn } from './entry-kinds';
import { allOf, equals, Exchange, ofKind } from './exchange';
import { compareMembers } from './compare-members';
import { changeMembers } from './groups';
import { listEntries } from './list';
import { setPassword } from './password';
import { planChanges } from './plan';
import { withoutRanges } from './ranges';
import { assertSameDirectory } from './same-directory';
import { readSubschema, targetSchema } from './schema';
import { type Server, Servers } from './servers';
import { type LdapSecrets, type LdapSettings, serverUrls } from './settings';
import { testSteps } from './test-steps';
import { updateEntry } from './update';
import { settledProfile, spokenProfile } from './vendor';
import { refuseMismatch } from './vendor/detect';

/** More matches than this are as good as this many: the gateway asks for none, one or several. */
const SEVERAL = 25;

/** The connection, when it is to a directory that these settings can be for. */
function accepted(connection: Connection, settings: LdapSettings): Connection {
  try {
    refuseMismatch(settings.vendor, connection.features.vendor);
    return connection;
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

export class LdapConnector implements Connector {
  private readonly pool: ConnectionPool;
  private detected: Features | undefined;

  constructor(
    private readonly settings: LdapSettings,
    private readonly secrets: LdapSecrets,
    context: ConnectorContext,
  ) {
    const servers = new Servers({ ...settings, urls: serverUrls(settings) });
    const open = async ({ url }: Server): Promise<Connection> => {
      const connection = accepted(await Connection.open({ ...settings, url }, secrets), settings);
      this.detected = connection.features;
      await assertSameDirectory(connection, servers, settings, url);
      return connection;
    };
    this.pool = new ConnectionPool(open, servers, settings, (...line) => context.log(...line));
  }

  private exchange(call: CallContext): Exchange {
    return new Exchange(this.pool, this.settings, call);
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
      const { strategy } = await activationOf(exchange);
      const wanted = requestedAttributes(this.settings, strategy, call.attributes);
      const found = await exchange.find(ref, wanted);
      if (!found) return undefined;
      return toEntry(kind, await withoutRanges(exchange, found), this.settings, strategy);
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
        ofKind(kind, this.settings),
        ...keys.map((key) => equals(key.attribute, key.value)),
      ]);
      const base = baseDn(kind, this.settings);
      const { strategy } = await activationOf(exchange);
      const wanted = requestedAttributes(this.settings, strategy);
      const found = await exchange.search(base, 'sub', filter, wanted, SEVERAL);
      for (const raw of found) exchange.refuseProtected(raw);
      const complete = await Promise.all(found.map((raw) => withoutRanges(exchange, raw)));
      return complete.map((raw) => toEntry(kind, raw, this.settings, strategy));
    });
  }

  create(
    kind: EntryKind,
    desired: DesiredEntry,
    owner: string,
    call: CallContext,
  ): Promise<Written> {
    const exchange = this.exchange(call);
    return exchange.guard(`create the ${kind}`, () => createEntry(exchange, kind, desired, owner));
  }

  update(
    kind: EntryKind,
    ref: EntryRef,
    changes: readonly AttributeChange[],
    call: CallContext,
  ): Promise<Written> {
    const exchange = this.exchange(call);
    return exchange.guard(`change the ${kind}`, () => updateEntry(exchange, kind, ref, changes));
  }

  members(group: EntryRef, delta: MemberDelta, call: CallContext): Promise<Written> {
    const exchange = this.exchange(call);
    return exchange.guard('change the members', () => changeMembers(exchange, group, delta));
  }

  setActive(kind: EntryKind, ref: EntryRef, active: boolean, call: CallContext): Promise<Written> {
    const exchange = this.exchange(call);
    return exchange.guard(`${active ? 'enable' : 'disable'} the ${kind}`, () =>
      setActive(exchange, { kind, ref }, active),
    );
  }

  setPassword(ref: EntryRef, password: string, call: CallContext): Promise<void> {
    const exchange = this.exchange(call);
    return exchange.guard('set the password', () => setPassword(exchange, ref, password));
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

  compareMembers(
    group: EntryRef,
    expected: AsyncIterable<readonly EntryRef[]>,
    call: CallContext,
  ): AsyncIterable<MemberDifference> {
    return compareMembers(this.exchange(call), group, expected);
  }

  list(kind: EntryKind, call: ReadContext): AsyncIterable<Entry> {
    return listEntries(this.pool, this.exchange(call), kind, call);
  }

  plan(
    kind: EntryKind,
    current: Entry | undefined,
    desired: DesiredEntry,
  ): readonly NativeChange[] {
    const { vendor } = this.settings;
    // As far as is known: until the first answer of the server, what the settings say.
    const profile = this.detected
      ? spokenProfile(vendor, this.detected.vendor)
      : settledProfile(vendor);
    return planChanges(kind, current, desired, { settings: this.settings, profile });
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}
