/** The connector under test, the directory it is tried on, and what tests of every concern do with them. */
import {
  type Attributes,
  type CallContext,
  type Capabilities,
  type Connector,
  type ConnectorError,
  type ConnectorType,
  type Entry,
  type EntryKind,
  type FailureKind,
  type Written,
} from '../../../connectors/spi';
import { type ContractFixture, type Directory } from './fixture';

const KINDS: readonly FailureKind[] = [
  ...(['unavailable', 'timeout', 'throttled', 'invalid'] as const),
  ...(['conflict', 'permission', 'unsupported', 'notFound'] as const),
];

/** A call without a deadline worth mentioning. */
export function call(timeoutMs = 20_000): CallContext {
  return { signal: AbortSignal.timeout(timeoutMs) };
}

/** The `ConnectorError` the promise fails with; anything else fails the test. */
export async function failure(promise: Promise<unknown>): Promise<ConnectorError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!('error' in outcome)) {
    throw new Error(`expected a ConnectorError, got ${JSON.stringify(outcome.value)}`);
  }
  return asConnectorError(outcome.error);
}

/** An error that is not the interface's own fails the test. A package may bring a copy of the class. */
export function asConnectorError(error: unknown): ConnectorError {
  if (!isConnectorError(error)) throw error;
  expect(KINDS).toContain(error.kind);
  expect(error.message).not.toBe('');
  return error;
}

function isConnectorError(error: unknown): error is ConnectorError {
  return error instanceof Error && error.name === 'ConnectorError';
}

/** What became of a call: its answer, or the `ConnectorError` it failed with. */
export async function outcomeOf<Answer>(
  promise: Promise<Answer>,
): Promise<{ readonly answer: Answer } | { readonly error: ConnectorError }> {
  return promise.then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error: asConnectorError(error) }),
  );
}

/** All that the iterable yields. */
export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of iterable) all.push(item);
  return all;
}

/** Every string anywhere in the value. */
function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

export class Subject {
  readonly type: ConnectorType;
  /** Everything the connector logged. */
  readonly log: string[] = [];
  private running: Directory | undefined;
  private main: Connector | undefined;
  private readonly opened: Connector[] = [];
  private serial = 0;

  constructor(readonly fixture: ContractFixture) {
    this.type = fixture.type;
  }

  async start(): Promise<void> {
    this.running = await this.fixture.start();
    this.main = this.open();
  }

  async stop(): Promise<void> {
    await this.running?.resume?.();
    await Promise.all(this.opened.map((one) => one.close()));
    await this.running?.stop();
  }

  get directory(): Directory {
    if (!this.running) throw new Error('the directory is used before it is started');
    return this.running;
  }

  get connector(): Connector {
    if (!this.main) throw new Error('the connector is used before it is opened');
    return this.main;
  }

  /** One more connector for the same target, as another process has it. */
  open(secrets: unknown = this.directory.secrets): Connector {
    const parsed = this.type.parse(this.directory.settings, secrets);
    const one = this.type.open(parsed.settings, parsed.secrets, {
      targetId: 'contract',
      dataDir: '.',
      log: (level, message, fields) => this.log.push(JSON.stringify({ level, message, fields })),
    });
    this.opened.push(one);
    return one;
  }

  /** A name nobody has. */
  fresh(stem: string): string {
    return `${stem}-${(this.serial += 1)}`;
  }

  settings(): unknown {
    return this.type.parse(this.directory.settings, this.directory.secrets).settings;
  }

  /** What the directory at hand can do, with its settings. */
  can(): Capabilities {
    return this.type.capabilitiesFor?.(this.settings()) ?? this.type.capabilities;
  }

  get groups(): boolean {
    return this.can().kinds.includes('group');
  }

  /** A test that passes where the directory has no groups. */
  itWithGroups(name: string, test: () => Promise<void>, timeoutMs?: number): void {
    it(
      name,
      async () => {
        if (this.groups) await test();
      },
      timeoutMs,
    );
  }

  naming(kind: EntryKind): string {
    return this.type.namingAttribute(kind, this.settings());
  }

  /** The attribute that tests change. */
  get changed(): string {
    const { replaceable } = this.fixture;
    if (replaceable) return replaceable.attribute;
    const naming = this.naming('user');
    const other = Object.keys(this.fixture.user('any')).find((name) => name !== naming);
    if (other === undefined) throw new Error('the fixture needs a user with a second attribute');
    return other;
  }

  get optional(): boolean {
    return this.fixture.replaceable?.optional ?? true;
  }

  attributes(kind: EntryKind, name: string): Attributes {
    if (kind === 'user') return this.fixture.user(name);
    if (!this.fixture.group) throw new Error('the fixture makes no groups');
    return this.fixture.group(name);
  }

  make(kind: EntryKind, name: string, active = true): Promise<Written> {
    return this.makeBy(this.connector, kind, name, { active });
  }

  makeBy(
    connector: Connector,
    kind: EntryKind,
    name: string,
    more: { readonly active?: boolean; readonly call?: CallContext } = {},
  ): Promise<Written> {
    const desired = { attributes: this.attributes(kind, name), active: more.active ?? true };
    return connector.create(kind, desired, `owner-${name}`, more.call ?? call());
  }

  /** Sets the attribute that tests change. */
  change(entry: Written, value: string, by = this.connector, within = call()): Promise<Written> {
    return by.update('user', entry, [{ attribute: this.changed, replace: [value] }], within);
  }

  rename(written: Written, name: string, by = this.connector): Promise<Written> {
    const changes = [
      { attribute: this.naming('user'), replace: [name] },
      { attribute: this.changed, replace: ['renamed'] },
    ];
    return by.update('user', written, changes, call());
  }

  async flush(): Promise<void> {
    await this.connector.flush?.(call());
  }

  /** The entry as the directory has it. */
  async raw(kind: EntryKind, name: string): Promise<Attributes | undefined> {
    await this.flush();
    return this.directory.entry(kind, name);
  }

  async count(kind: EntryKind): Promise<number> {
    await this.flush();
    return this.directory.count(kind);
  }

  /** A group's members as the directory has them, sorted. */
  async members(group: string): Promise<string[]> {
    await this.flush();
    if (!this.directory.members) throw new Error('the fixture cannot tell the members of a group');
    return [...(await this.directory.members(group))].sort();
  }

  named(name: string): Promise<readonly Entry[]> {
    const keys = [{ attribute: this.naming('user'), value: name }];
    return this.connector.correlate('user', keys, call());
  }

  get secretValues(): readonly string[] {
    const { secretValues, secrets, wrongSecrets } = this.directory;
    return secretValues ?? stringsIn([secrets, wrongSecrets]);
  }

  /** Fails when anything secret is in what was shown. */
  expectNoSecrets(shown: unknown): void {
    const text = JSON.stringify(shown);
    for (const secret of this.secretValues) {
      expect(text.includes(JSON.stringify(secret).slice(1, -1)) ? secret : '').toBe('');
    }
  }
}
