/** The operations of one call: its signal, its connections, and whether it has changed anything yet. */
import {
  AndFilter,
  type Attribute,
  type Change,
  type Control,
  type Entry as LdapEntry,
  EqualityFilter,
  type Filter,
  PresenceFilter,
} from 'ldapts';
import { type CallContext, ConnectorError, type EntryKind, type EntryRef } from '../spi';
import { Cancellation } from './cancellation';
import { AssertionControl } from './controls';
import { type Connection, type Features } from './connection';
import { type ConnectionPool } from './connection-pool';
import { isDn, sameDn } from './dn';
import { outermostBases } from './entry';
import { tellingClass } from './entry-kinds';
import { ConnectionLost, hasCode, RESULT, toConnectorError } from './failures';
import { type LdapSettings } from './settings';
import { BINARY_ATTRIBUTES } from './values';
import { settledProfile, spokenProfile } from './vendor';
import { type VendorProfile } from './vendor/profile';
import { type ReferenceScheme } from './vendor/reference';

/** Sends a write about the entry at `dn`, together with the controls that make sure it is that entry. */
export type EntryWrite<T> = (
  connection: Connection,
  dn: string,
  controls: readonly Control[],
) => Promise<T>;

export const EVERYTHING: Filter = new PresenceFilter({ attribute: 'objectClass' });

export class Exchange {
  private readonly call: Cancellation;
  private readonly settled: VendorProfile;
  private wrote = false;
  private writing = false;

  constructor(
    private readonly pool: ConnectionPool,
    readonly settings: LdapSettings,
    call: CallContext,
  ) {
    this.call = new Cancellation(call.signal);
    this.settled = settledProfile(settings.vendor);
  }

  /** By what entries are known: a matter of the settings alone. */
  get scheme(): ReferenceScheme {
    return this.settled.reference;
  }

  /** The entries below which everything stands. */
  get bases(): readonly string[] {
    const { userBaseDN, groupBaseDN } = this.settings;
    return [userBaseDN, groupBaseDN];
  }

  /** Runs the body of a connector method; whatever it throws leaves as a `ConnectorError`. */
  async guard<T>(action: string, body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      const { explain } = this.settled;
      const [write, partlyDone] = [this.writing, this.wrote];
      throw toConnectorError(error, { action, write, partlyDone, explain });
    }
  }

  /** A read, tried once more when the connection broke under it: servers close idle connections when they like. */
  async ask<T>(operation: (connection: Connection) => Promise<T>): Promise<T> {
    this.writing = false;
    try {
      return await this.pool.run(this.call, operation);
    } catch (error) {
      if (!(error instanceof ConnectionLost) || error.reason !== 'broken') throw error;
      return this.pool.run(this.call, operation);
    }
  }

  /** A write, sent once and to one server. */
  async send<T>(operation: (connection: Connection) => Promise<T>): Promise<T> {
    this.writing = true;
    const answer = await this.pool.write(this.call, operation);
    this.wrote = true;
    return answer;
  }

  features(): Promise<Features> {
    return this.ask((connection) => Promise.resolve(connection.features));
  }

  /** How this server is to be spoken to. */
  async profile(): Promise<VendorProfile> {
    return spokenProfile(this.settings.vendor, (await this.features()).vendor);
  }

  /** The entry of that DN, or undefined when there is none. */
  async readDn(dn: string, attributes: readonly string[]): Promise<LdapEntry | undefined> {
    const found = await this.search(dn, 'base', EVERYTHING, attributes);
    return found[0];
  }

  /** What a search finds, up to the limit when one is given; a base that does not exist holds nothing. */
  async search(
    base: string,
    scope: 'base' | 'sub',
    filter: Filter,
    attributes: readonly string[],
    sizeLimit = 0,
  ): Promise<readonly LdapEntry[]> {
    try {
      const { searchEntries } = await this.ask(({ client }) =>
        client.search(base, {
          scope,
          filter,
          attributes: [...attributes],
          explicitBufferAttributes: [...BINARY_ATTRIBUTES],
          sizeLimit,
          timeLimit: 0,
        }),
      );
      return searchEntries;
    } catch (error) {
      if (hasCode(error, RESULT.noSuchObject, RESULT.invalidDNSyntax)) return [];
      throw error;
    }
  }

  /** The entry with that reference, wherever it stands by now. */
  async find(ref: EntryRef, attributes: readonly string[]): Promise<LdapEntry | undefined> {
    const { scheme } = this;
    const isIt = (raw: LdapEntry | undefined): boolean => scheme.of(raw) === ref.reference;
    const wanted = [...attributes, scheme.attribute];
    if (ref.reference === '') return undefined;
    if (scheme.isForeign(ref.reference)) throw foreign(ref, scheme);
    if (scheme.address) {
      const address = scheme.address(ref.reference);
      return address === undefined ? undefined : this.readDn(address, wanted);
    }
    if (isDn(ref.name)) {
      const hinted = await this.readDn(ref.name, wanted);
      if (isIt(hinted)) return hinted;
    }
    for (const base of outermostBases(this.settings)) {
      const [found] = await this.search(base, 'sub', scheme.filter(ref.reference), wanted);
      if (isIt(found)) return found;
    }
    return undefined;
  }

  /** The entry, about to be changed: `notFound` when it is gone, `permission` when it is the directory's own. */
  async require(ref: EntryRef, attributes: readonly string[] = []): Promise<LdapEntry> {
    const { protection } = this.settled;
    const entry = await this.find(ref, [...attributes, ...(protection?.attributes ?? [])]);
    if (!entry) throw gone(ref);
    this.refuseProtected(entry);
    return entry;
  }

  /** Throws for entries that nobody may adopt or change. */
  refuseProtected(entry: LdapEntry): void {
    const reason = this.settled.protection?.reason(entry);
    if (reason === undefined) return;
    throw new ConnectorError('permission', `${entry.dn} is not touched: ${reason}.`);
  }

  /** The DN the entry has now. */
  async locate(ref: EntryRef): Promise<string> {
    return (await this.require(ref)).dn;
  }

  /**
   * Writes to the entry of the reference and to no other. Where the server knows the assertion control the DN hint is
   * used unseen, and the server itself compares; elsewhere the entry is read first, and addressed by its reference where
   * the server takes that for a DN. `byName` keeps to the DN, for operations that take nothing else.
   */
  async writeTo<T>(
    ref: EntryRef,
    write: EntryWrite<T>,
    { byName = false }: { readonly byName?: boolean } = {},
  ): Promise<{ dn: string; answer: T }> {
    const address = this.scheme.address?.(ref.reference);
    let controls = address === undefined ? await this.assertions(ref) : [];
    let dn = controls.length > 0 && isDn(ref.name) ? ref.name : await this.locate(ref);
    for (let attempt = 1; ; attempt += 1) {
      try {
        const target = byName ? dn : (address ?? dn);
        const answer = await this.send((connection) => write(connection, target, controls));
        return { dn, answer };
      } catch (error) {
        if (!hasCode(error, RESULT.noSuchObject, RESULT.assertionFailed)) throw error;
        const now = await this.locate(ref);
        if (attempt > 1 && sameDn(now, dn)) {
          // The assertion holds and failed: an overlay such as OpenLDAP's `unique` looks with it at other entries.
          if (controls.length === 0) throw error;
          controls = [];
        }
        dn = now;
      }
    }
  }

  /** What makes the server itself compare the reference, where it can. */
  private async assertions(ref: EntryRef): Promise<readonly Control[]> {
    const { assertion } = await this.features();
    if (!assertion || ref.reference === '') return [];
    return [new AssertionControl(this.scheme.filter(ref.reference))];
  }

  add(dn: string, attributes: readonly Attribute[], controls: readonly Control[]): Promise<void> {
    return this.send(({ client }) => client.add(dn, [...attributes], [...controls]));
  }

  modify(
    ref: EntryRef,
    changes: readonly Change[],
    extra: readonly Control[] = [],
  ): Promise<{ dn: string }> {
    return this.writeTo(ref, ({ client }, dn, controls) =>
      client.modify(dn, [...changes], [...controls, ...extra]),
    );
  }

  /** Whether the attribute holds the value, by the directory's own matching rule. */
  async holds(dn: string, attribute: string, value: string): Promise<boolean> {
    // A search and not a compare (RFC 4511 section 4.10), which Samba answers with false whenever the value is a DN.
    return (await this.search(dn, 'base', equals(attribute, value), ['1.1'])).length > 0;
  }
}

function foreign(ref: EntryRef, scheme: ReferenceScheme): ConnectorError {
  return new ConnectorError(
    'invalid',
    `${ref.reference} (${ref.name}) is not a value of ${scheme.attribute}, by which entries are known with this vendor setting: set vendor back to what it was.`,
  );
}

function gone(ref: EntryRef): ConnectorError {
  return new ConnectorError('notFound', `There is no entry ${ref.reference} (it was ${ref.name}).`);
}

/** Matches the entries of that kind that are the business of anybody but the directory itself. */
export function ofKind(kind: EntryKind, settings: LdapSettings): Filter {
  const { categories } = settledProfile(settings.vendor);
  const ofClass = equals('objectClass', tellingClass(kind, settings));
  return categories ? allOf([equals('objectCategory', categories[kind]), ofClass]) : ofClass;
}

/** An entry matches when all do. */
export function allOf(filters: readonly Filter[]): Filter {
  return new AndFilter({ filters: [...filters] });
}

export function equals(attribute: string, value: string): Filter {
  return new EqualityFilter({ attribute, value });
}
