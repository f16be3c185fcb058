/**
 * The connector interface: everything a connector author needs, in one file that imports nothing.
 *
 * A connector turns a *desired entry* into changes of one kind of directory. It knows nothing of SCIM: the gateway has
 * already evaluated the mapping. It keeps no state of its own beyond connections, so it may be opened, closed and killed
 * at any moment, and two processes may have the same target open.
 */

/** Raised by one when a change of this file would break existing connectors. */
export const SPI_VERSION = 1;

/** What stands in a directory: an account or a group. */
export type EntryKind = 'user' | 'group';

/**
 * Attribute name, in the directory's own words, to its values. No values and no key mean the same: absent. What the gateway
 * gives has no unpaired surrogates in it; everything else about values is the connector's to check and to encode.
 */
export type Attributes = Readonly<Record<string, readonly string[]>>;

/** How an entry is found again. */
export interface EntryRef {
  /** Immutable for the life of the entry: entryUUID, objectGUID, a row id. Never a DN or a user name. */
  readonly reference: string;
  /** The name the entry had when last seen (a DN, a user name). A hint: renames elsewhere make it stale. */
  readonly name: string;
}

/** An entry as it stands in the directory now. */
export interface Entry extends EntryRef {
  readonly attributes: Attributes;
  readonly active: boolean;
  /** The ownership mark written by `create`, where the directory has room for one. */
  readonly owner?: string;
}

/** An entry as it should stand. */
export interface DesiredEntry {
  readonly attributes: Attributes;
  readonly active: boolean;
}

/**
 * One attribute's part of a delta. `replace: []` removes the attribute; `add` and `remove` are value-wise. The naming
 * attribute may come either way. The gateway compares values as a set: their order and repetitions mean nothing.
 */
export type AttributeChange =
  | { readonly attribute: string; readonly replace: readonly string[] }
  | {
      readonly attribute: string;
      readonly add: readonly string[];
      readonly remove: readonly string[];
    };

/**
 * A group's members to add and to remove: users, and groups where those have entries too. What the directory cannot hold
 * as a member is left out with a warning. Applying a delta twice must be harmless. Nobody is named twice in the two lists.
 */
export interface MemberDelta {
  readonly add: readonly EntryRef[];
  readonly remove: readonly EntryRef[];
  /**
   * Names that members had before. Where a group holds names, and does not follow renames by itself, these are to go, but
   * for those that are the name of somebody in `add`. Where it knows members otherwise there is nothing to do.
   */
  readonly formerNames?: readonly string[];
}

/** `missing`: as it was expected. `extra`: the name as the group has it. */
export type MemberDifference = { readonly missing: EntryRef } | { readonly extra: string };

/** What a write did: where the entry is found from now on. A rename changes `name`, never `reference`. */
export interface Written extends EntryRef {
  /** Things the administrator should know although the write succeeded. */
  readonly warnings?: readonly string[];
}

/** An attribute value by which an existing entry may be recognised. */
export interface CorrelationKey {
  readonly attribute: string;
  readonly value: string;
}

/** One native change, for previews and audit. Secrets are masked. */
export interface NativeChange {
  /** The native verb: `add`, `modify`, `modifyDN`, `INSERT`, ... */
  readonly operation: string;
  /** The DN, table or file it would touch. */
  readonly object: string;
  /** The change in the directory's own notation. */
  readonly detail: string;
}

/** One step of a connection test. */
export interface TestStep {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'failed';
  readonly message: string;
  /** What to do about it, when the state is not `ok`. */
  readonly remedy?: string;
}

/** What the directory can hold, as far as the connector can tell. */
export interface TargetAttribute {
  readonly name: string;
  readonly multiValued: boolean;
  readonly required: boolean;
  readonly readOnly: boolean;
  /** In characters. */
  readonly maxLength?: number;
  /** Other names that the directory takes for it. */
  readonly aliases?: readonly string[];
}

/** The target's schema by kind of entry. */
export interface TargetSchema {
  readonly user: readonly TargetAttribute[];
  readonly group: readonly TargetAttribute[];
  /** Other attributes can be mapped as well: these are only the ones most in use. */
  readonly open?: boolean;
}

/**
 * Why a call failed; decides what the gateway does next.
 *
 * - `unavailable`, `timeout`, `throttled`: tried again with growing delay.
 * - `invalid`, `conflict`, `permission`, `unsupported`: parked until a person or a new change removes the cause.
 * - `notFound`: the entry is gone; the gateway creates it again or, when removing, is content.
 */
export type FailureKind =
  | 'unavailable'
  | 'timeout'
  | 'throttled'
  | 'invalid'
  | 'conflict'
  | 'permission'
  | 'unsupported'
  | 'notFound';

/** The only error a connector may let out. Its message is shown to administrators: no secrets, say what to mend. */
export class ConnectorError extends Error {
  override readonly name = 'ConnectorError';

  constructor(
    readonly kind: FailureKind,
    message: string,
    options: {
      /** `unknown` when the write may or may not have happened: the gateway reads before it tries again. */
      readonly outcome?: 'none' | 'unknown';
      /** The attribute at fault, when one is. */
      readonly attribute?: string;
      /** How long to wait at least, in milliseconds; the gateway heeds at most an hour. */
      readonly retryAfterMs?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.outcome = options.outcome ?? 'none';
    this.attribute = options.attribute;
    this.retryAfterMs = options.retryAfterMs;
  }

  readonly outcome: 'none' | 'unknown';
  readonly attribute: string | undefined;
  readonly retryAfterMs: number | undefined;
}

/** One wrong setting or secret. `path` is the way to it: `['settings', 'url']`, `['secrets', 'bindPassword']`. */
export interface SettingsIssue {
  readonly path: readonly string[];
  readonly message: string;
}

/** Thrown by `ConnectorType.parse` with every issue at once. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';

  constructor(readonly issues: readonly SettingsIssue[]) {
    super(issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
  }
}

/** What surrounds a single call. */
export interface CallContext {
  /** Aborted at the deadline. A connector must settle soon after; what it had sent has an unknown outcome. */
  readonly signal: AbortSignal;
}

/** What surrounds a read. */
export interface ReadContext extends CallContext {
  /**
   * The attributes the gateway will look at; others need not be fetched, above all not the members of a large group.
   * Absent: all of them. Reference, name, `active` and `owner` are always answered.
   */
  readonly attributes?: readonly string[];
}

/** What surrounds an open connector. */
export interface ConnectorContext {
  readonly targetId: string;
  /** Relative file names in the settings are resolved against this folder. */
  readonly dataDir: string;
  /** Structured log without personal data or secrets. */
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: object): void;
}

/** What a connector can do. The gateway never calls what is not declared. */
export interface Capabilities {
  readonly kinds: readonly EntryKind[];
  /** `native`: the directory knows disabled accounts. `none`: deactivation can only delete or keep. */
  readonly activation: 'native' | 'none';
  readonly rename: boolean;
  readonly password: boolean;
  /** `answer` is offered: the directory asks, see there. Absent: no. */
  readonly answers?: boolean;
  /** Calls the directory gladly serves at the same time from one process. */
  readonly maxConcurrency: number;
}

/** What a directory asks of the gateway. Whoever can reach the gateway can send it: nothing of it has been checked. */
export interface DirectoryRequest {
  readonly method: string;
  /** Below the target's own address, with its query: `/authorize?realm=a`. Begins with a slash. */
  readonly path: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most 64 KiB, as it was sent. */
  readonly body: Uint8Array;
}

/** What the directory is told. */
export interface DirectoryResponse {
  /** 200 to 599. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** At most 1 MiB. */
  readonly body: string | Uint8Array;
}

/** `AUTHORITATIVE`: kept so for ever. `INITIAL`: written on create only. `IGNORE`: not written. */
export type ApplyMode = 'AUTHORITATIVE' | 'INITIAL' | 'IGNORE';

/** One line of a mapping: target attribute <- expression over the SCIM resource. */
export interface MappingEntry {
  readonly attribute: string;
  readonly expression: string;
  readonly apply?: ApplyMode;
}

/** A mapping for each kind of entry. */
export interface Mapping {
  readonly user: readonly MappingEntry[];
  readonly group: readonly MappingEntry[];
}

/** An open connector: one configured directory. Every method rejects with a `ConnectorError` and with nothing else. */
export interface Connector {
  /** Checks, step by step, all that provisioning will need. Never rejects: failures are steps. */
  test(call: CallContext): Promise<readonly TestStep[]>;
  schema(call: CallContext): Promise<TargetSchema>;
  /** The entry now, or undefined when it does not exist. */
  read(kind: EntryKind, ref: EntryRef, call: ReadContext): Promise<Entry | undefined>;
  /**
   * Entries that match every one of the keys; none, one or several. After a `create` whose outcome is unknown the gateway
   * asks for the naming attribute and knows its entry by `owner`.
   */
  correlate(
    kind: EntryKind,
    keys: readonly CorrelationKey[],
    call: CallContext,
  ): Promise<readonly Entry[]>;
  /**
   * Makes the entry, active or not as desired. `owner` identifies the resource it stands for; store it where there is
   * room. Fails with `conflict` when the name is taken.
   */
  create(
    kind: EntryKind,
    desired: DesiredEntry,
    owner: string,
    call: CallContext,
  ): Promise<Written>;
  /** Applies all changes in one native operation where the directory can; a change of the naming attribute renames. */
  update(
    kind: EntryKind,
    ref: EntryRef,
    changes: readonly AttributeChange[],
    call: CallContext,
  ): Promise<Written>;
  /** Adds and removes members of a group, in chunks the directory can take. Existing or missing ones are no error. */
  members(group: EntryRef, delta: MemberDelta, call: CallContext): Promise<Written>;
  /** Enables or disables an account, keeping everything else. The gateway never disables groups. */
  setActive(kind: EntryKind, ref: EntryRef, active: boolean, call: CallContext): Promise<Written>;
  /** Sets a password the directory stores by its own rules. Only with `capabilities.password`. */
  setPassword?(ref: EntryRef, password: string, call: CallContext): Promise<void>;
  /** Removes the entry; an entry that is already gone is no error. */
  remove(kind: EntryKind, ref: EntryRef, call: CallContext): Promise<void>;
  /**
   * Every entry in the connector's scope, each once, as `read` answers it. Throws rather than ending early. It is read with
   * pauses, and may be given up at any place.
   */
  list(kind: EntryKind, call: ReadContext): AsyncIterable<Entry>;
  /**
   * Tells who of the expected is not in the group, and who is in it without being expected, by the names that the directory
   * takes for the same. Throws rather than ending early. Absent: the members of a group cannot be read.
   */
  compareMembers?(
    group: EntryRef,
    expected: AsyncIterable<readonly EntryRef[]>,
    call: CallContext,
  ): AsyncIterable<MemberDifference>;
  /**
   * The native changes that would turn `current` (undefined: nothing there) into `desired`; attributes that `desired` does
   * not name stay, and those it names without values go. Pure.
   */
  plan(kind: EntryKind, current: Entry | undefined, desired: DesiredEntry): readonly NativeChange[];
  /** For directories that take effect in batches: makes all earlier writes effective. */
  flush?(call: CallContext): Promise<void>;
  /**
   * For directories that ask the gateway instead of being written to: answers one request to `/targets/<target id>/...`.
   * The connector itself must make sure who asks. The deadline is short, for somebody waits to be let in; any failure is
   * answered with 503 and without its message. Only with `capabilities.answers`.
   */
  answer?(request: DirectoryRequest, call: CallContext): Promise<DirectoryResponse>;
  close(): Promise<void>;
}

/** A kind of directory, before any is configured. */
export interface ConnectorType<Settings = unknown, Secrets = unknown> {
  /** `SPI_VERSION` at the time of writing. */
  readonly spiVersion: number;
  /** `ldap`, `radius`, `saml`, or the npm package's own word. */
  readonly id: string;
  readonly title: string;
  /** The most that any target of this type can do. */
  readonly capabilities: Capabilities;
  /** What a target with these settings can do, where that is less. Absent: `capabilities`. */
  capabilitiesFor?(settings: Settings): Capabilities;
  /** JSON Schema (2020-12) of the settings, from which forms are drawn. */
  readonly settingsSchema: object;
  /** JSON Schema of the secrets. They are stored encrypted and never shown again. */
  readonly secretsSchema: object;
  /**
   * Names the directory that the settings mean, in words for an administrator: a base DN, a database. While rules use a
   * target, settings that mean another directory are refused, for the references of its entries would mean nothing there,
   * or other people. Leave out what may change while the entries stay: hosts, ports, users. No secrets.
   */
  identity?(settings: Settings): string;
  /** The attribute whose value names an entry of that kind (`uid`, `cn`, `User-Name`). */
  namingAttribute(kind: EntryKind, settings: Settings): string;
  /** What a sync rule uses when its administrator gives no mapping. Expressions are the gateway's (docs/mapping.md). */
  defaultMapping(settings: Settings): Mapping;
  /** Checks and completes settings and secrets; throws `SettingsError`. */
  parse(settings: unknown, secrets: unknown): { settings: Settings; secrets: Secrets };
  /**
   * Opens the target without touching the network: a directory that is down must not keep the gateway down. What cannot
   * work with these settings, such as a file that is missing, is a `ConnectorError` of kind `invalid`.
   */
  open(settings: Settings, secrets: Secrets, context: ConnectorContext): Connector;
}

/** The connectors that are loaded. */
export interface ConnectorRegistry {
  get(id: string): ConnectorType | undefined;
  all(): readonly ConnectorType[];
}
