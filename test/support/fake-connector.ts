/**
 * A directory in memory behind the connector interface, for what real ones do not do on demand: being down, slow or
 * silent, answering after the deed, refusing. It also watches its caller: what no caller may do is noted in `violations`.
 */
import {
  ConnectorError,
  SPI_VERSION,
  type AttributeChange,
  type CallContext,
  type Capabilities,
  type Connector,
  type ConnectorType,
  type CorrelationKey,
  type DesiredEntry,
  type Entry,
  type EntryKind,
  type EntryRef,
  type FailureKind,
  type MemberDelta,
  type MemberDifference,
  type Written,
} from '../../connectors/spi';

export interface FakeEntry {
  readonly kind: EntryKind;
  readonly reference: string;
  name: string;
  attributes: Record<string, string[]>;
  active: boolean;
  owner?: string;
  /** As the directory keeps them: names, which nobody corrects when a member is renamed. */
  members: Set<string>;
}

export interface FakeCall {
  readonly operation: string;
  readonly reference?: string;
  readonly delta?: MemberDelta;
  readonly at: number;
}

export interface FakeOptions {
  readonly id?: string;
  readonly capabilities?: Partial<Capabilities>;
  /** Directories without room for the ownership mark. */
  readonly keepsOwner?: boolean;
  /** Members are known by reference, as in a table of ids. */
  readonly membersByReference?: boolean;
  /** Settings that can do less than the type. */
  readonly capabilitiesFor?: ConnectorType['capabilitiesFor'];
  /** For directories that ask. */
  readonly answer?: Connector['answer'];
}

const WRITES = new Set(['create', 'update', 'members', 'setActive', 'remove']);

export class FakeDirectory {
  readonly entries = new Map<string, FakeEntry>();
  readonly calls: FakeCall[] = [];
  readonly violations: string[] = [];
  /** Every call fails so. */
  down: FailureKind | undefined;
  /** Every call takes so long. */
  delayMs = 0;
  /** No call ever settles, whatever its signal says. */
  silent = false;
  /** A listing ends after so many entries as if there were no more. */
  listEndsAfter = Infinity;
  /** So many of the next writes are carried out, and their answers lost. */
  answersToLose = 0;
  /** So many of the next writes are lost on their way, and nobody knows. */
  requestsToLose = 0;
  /** The next write is carried out so long after it was asked for, whether anybody still waits for it or not. */
  nextWriteLateMs = 0;
  /** Refuses a call by throwing. */
  refuse: (operation: string, ref: EntryRef | undefined) => void = () => undefined;
  /** Refuses to create an entry by throwing. */
  refuseCreate: (desired: DesiredEntry) => void = () => undefined;
  opened = 0;
  closed = 0;
  inFlight = 0;
  mostInFlight = 0;
  flushes = 0;
  private serial = 0;
  private readonly busy = new Set<string>();

  constructor(readonly options: FakeOptions = {}) {}

  /** The entries of a kind by name. */
  named(kind: EntryKind): ReadonlyMap<string, FakeEntry> {
    const entries = [...this.entries.values()].filter((entry) => entry.kind === kind);
    return new Map(entries.map((entry) => [entry.name, entry]));
  }

  user(name: string): FakeEntry | undefined {
    return this.named('user').get(name);
  }

  group(name: string): FakeEntry | undefined {
    return this.named('group').get(name);
  }

  members(group: string): readonly string[] {
    return [...(this.group(group)?.members ?? [])].sort();
  }

  /** How often an operation was called. */
  count(operation: string): number {
    return this.calls.filter((call) => call.operation === operation).length;
  }

  /** Calls that changed something, or tried to. */
  get writes(): readonly FakeCall[] {
    return this.calls.filter((call) => WRITES.has(call.operation));
  }

  /** Somebody else's entry. */
  plant(kind: EntryKind, name: string, more: Partial<FakeEntry> = {}): FakeEntry {
    const entry: FakeEntry = {
      kind,
      reference: `${kind}-${(this.serial += 1)}`,
      name,
      attributes: { [namingAttribute(kind)]: [name] },
      active: true,
      members: new Set(),
      ...more,
    };
    this.entries.set(entry.reference, entry);
    return entry;
  }

  get type(): ConnectorType {
    const capabilities: Capabilities = {
      kinds: ['user', 'group'],
      activation: 'native',
      rename: true,
      password: false,
      maxConcurrency: 4,
      ...this.options.capabilities,
    };
    return {
      spiVersion: SPI_VERSION,
      id: this.options.id ?? 'fake',
      title: 'Fake directory',
      capabilities,
      ...(this.options.capabilitiesFor ? { capabilitiesFor: this.options.capabilitiesFor } : {}),
      settingsSchema: {},
      secretsSchema: {},
      namingAttribute,
      defaultMapping: () => ({
        user: [
          { attribute: 'uid', expression: 'userName' },
          { attribute: 'title', expression: 'title' },
          { attribute: 'first', expression: 'displayName', apply: 'INITIAL' },
        ],
        group: [{ attribute: 'cn', expression: 'displayName' }],
      }),
      parse: (settings, secrets) => ({ settings, secrets }),
      open: () => new FakeConnector(this, capabilities),
    };
  }

  /** Everything a call goes through before and after it does what it is for. */
  async serve<Answer>(
    call: Omit<FakeCall, 'at'>,
    { signal }: CallContext,
    run: () => Answer,
  ): Promise<Answer> {
    const { operation, reference } = call;
    this.calls.push({ ...call, at: Date.now() });
    if (signal.aborted) this.violations.push(`${operation} with a signal that is aborted`);
    if (this.silent) return new Promise<never>(() => undefined);
    const exclusive = WRITES.has(operation) && reference !== undefined ? reference : undefined;
    if (exclusive !== undefined && this.busy.has(exclusive)) {
      this.violations.push(`${operation} beside another write to ${exclusive}`);
    }
    if (exclusive !== undefined) this.busy.add(exclusive);
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      const lateMs = WRITES.has(operation) ? this.nextWriteLateMs : 0;
      if (lateMs > 0) {
        this.nextWriteLateMs = 0;
        await new Promise((resolve) => setTimeout(resolve, lateMs));
      }
      await pause(this.delayMs, signal);
      if (this.down) throw new ConnectorError(this.down, `The directory is ${this.down}.`);
      this.refuse(operation, reference === undefined ? undefined : { reference, name: '' });
      return this.answer(operation, run);
    } finally {
      this.inFlight -= 1;
      if (exclusive !== undefined) this.busy.delete(exclusive);
    }
  }

  create(kind: EntryKind, desired: DesiredEntry, owner: string): Written {
    this.refuseCreate(desired);
    const { attributes, active } = desired;
    const name = attributes[namingAttribute(kind)]?.[0];
    if (name === undefined) throw new ConnectorError('invalid', 'An entry needs a name.');
    if (this.named(kind).has(name)) throw new ConnectorError('conflict', `"${name}" is taken.`);
    const copies: Record<string, string[]> = {};
    for (const [attribute, values] of Object.entries(attributes)) copies[attribute] = [...values];
    return this.plant(kind, name, {
      attributes: copies,
      active,
      ...(this.options.keepsOwner === false ? {} : { owner }),
    });
  }

  existing(ref: EntryRef): FakeEntry {
    const entry = this.entries.get(ref.reference);
    if (!entry) throw new ConnectorError('notFound', 'There is no such entry.');
    return entry;
  }

  update(ref: EntryRef, changes: readonly AttributeChange[]): Written {
    const entry = this.existing(ref);
    const attributes = { ...entry.attributes };
    for (const change of changes) {
      if (!('replace' in change)) throw new ConnectorError('unsupported', 'Only replace.');
      if (change.replace.length === 0) delete attributes[change.attribute];
      else attributes[change.attribute] = [...change.replace];
    }
    const name = attributes[namingAttribute(entry.kind)]?.[0] ?? entry.name;
    if (name !== entry.name && this.named(entry.kind).has(name)) {
      throw new ConnectorError('conflict', `"${name}" is taken.`);
    }
    entry.attributes = attributes;
    entry.name = name;
    return entry;
  }

  /** Adds first, then removes: who asks for both of the same member must not be surprised. */
  changeMembers(ref: EntryRef, { add, remove, formerNames = [] }: MemberDelta): Written {
    const group = this.existing(ref);
    const key = (member: EntryRef): string =>
      this.options.membersByReference ? member.reference : member.name;
    for (const member of add) group.members.add(key(member));
    for (const member of remove) group.members.delete(key(member));
    if (this.options.membersByReference) return group;
    const staying = new Set(add.map(key));
    for (const name of formerNames) if (!staying.has(name)) group.members.delete(name);
    return group;
  }

  private answer<Answer>(operation: string, run: () => Answer): Answer {
    if (WRITES.has(operation) && this.requestsToLose > 0) {
      this.requestsToLose -= 1;
      throw new ConnectorError('unavailable', 'The line broke.', { outcome: 'unknown' });
    }
    const answer = run();
    if (WRITES.has(operation) && this.answersToLose > 0) {
      this.answersToLose -= 1;
      throw new ConnectorError('unavailable', 'The line broke.', { outcome: 'unknown' });
    }
    return answer;
  }
}

class FakeConnector implements Connector {
  readonly answer?: Connector['answer'];
  private isClosed = false;

  constructor(
    private readonly directory: FakeDirectory,
    private readonly capabilities: Capabilities,
  ) {
    directory.opened += 1;
    this.answer = directory.options.answer;
  }

  async test(): ReturnType<Connector['test']> {
    return [{ name: 'connect', state: this.directory.down ? 'failed' : 'ok', message: 'Tried.' }];
  }

  async schema(): ReturnType<Connector['schema']> {
    return { user: [], group: [] };
  }

  read(kind: EntryKind, ref: EntryRef, call: CallContext): Promise<Entry | undefined> {
    this.check(kind);
    return this.serve('read', ref, call, () => {
      const entry = this.directory.entries.get(ref.reference);
      return entry && asEntry(entry);
    });
  }

  correlate(kind: EntryKind, keys: readonly CorrelationKey[], call: CallContext) {
    this.check(kind);
    if (keys.length === 0) this.directory.violations.push('correlate without a key');
    return this.serve('correlate', undefined, call, () =>
      [...this.directory.entries.values()]
        .filter((entry) => entry.kind === kind)
        .filter((entry) =>
          keys.every(({ attribute, value }) => entry.attributes[attribute]?.includes(value)),
        )
        .map(asEntry),
    );
  }

  create(kind: EntryKind, desired: DesiredEntry, owner: string, call: CallContext) {
    this.check(kind);
    if (Object.values(desired.attributes).some((values) => values.length === 0)) {
      this.directory.violations.push('create with an attribute without values');
    }
    return this.serve('create', undefined, call, () =>
      written(this.directory.create(kind, desired, owner)),
    );
  }

  update(kind: EntryKind, ref: EntryRef, changes: readonly AttributeChange[], call: CallContext) {
    this.check(kind);
    const names = changes.map(({ attribute }) => attribute);
    if (names.length === 0 || new Set(names).size !== names.length) {
      this.directory.violations.push('update without changes, or with an attribute twice');
    }
    if (names.includes(namingAttribute(kind)) && !this.capabilities.rename) {
      this.directory.violations.push('a rename that is not declared');
    }
    return this.serve('update', ref, call, () => written(this.directory.update(ref, changes)));
  }

  members(group: EntryRef, delta: MemberDelta, call: CallContext) {
    this.check('group');
    this.checkDelta(delta);
    this.checkOpen('members');
    return this.directory.serve(
      { operation: 'members', reference: group.reference, delta },
      call,
      () => written(this.directory.changeMembers(group, delta)),
    );
  }

  setActive(kind: EntryKind, ref: EntryRef, active: boolean, call: CallContext) {
    this.check(kind);
    if (this.capabilities.activation !== 'native') {
      this.directory.violations.push('setActive that is not declared');
    }
    return this.serve('setActive', ref, call, () => {
      const entry = this.directory.existing(ref);
      entry.active = active;
      return written(entry);
    });
  }

  remove(kind: EntryKind, ref: EntryRef, call: CallContext): Promise<void> {
    this.check(kind);
    return this.serve('remove', ref, call, () => {
      this.directory.entries.delete(ref.reference);
    });
  }

  async *list(kind: EntryKind, call: CallContext): AsyncGenerator<Entry> {
    this.check(kind);
    let listed = 0;
    for (const entry of [...this.directory.entries.values()]) {
      if (entry.kind !== kind) continue;
      if (listed === this.directory.listEndsAfter) return;
      // Each as it is when its turn comes.
      yield await this.serve('list', undefined, call, () => asEntry(entry));
      listed += 1;
    }
  }

  /** By name, as the members are kept. */
  async *compareMembers(
    group: EntryRef,
    expected: AsyncIterable<readonly EntryRef[]>,
    call: CallContext,
  ): AsyncGenerator<MemberDifference> {
    const held = await this.serve(
      'compareMembers',
      group,
      call,
      () => new Set(this.directory.existing(group).members),
    );
    for await (const page of expected) {
      for (const member of page) if (!held.delete(member.name)) yield { missing: member };
    }
    for (const extra of held) yield { extra };
  }

  plan(): readonly [] {
    return [];
  }

  async flush(): Promise<void> {
    this.checkOpen('flush');
    this.directory.flushes += 1;
  }

  async close(): Promise<void> {
    this.checkOpen('close');
    this.isClosed = true;
    this.directory.closed += 1;
  }

  private serve<Answer>(
    operation: string,
    ref: EntryRef | undefined,
    call: CallContext,
    run: () => Answer,
  ): Promise<Answer> {
    this.checkOpen(operation);
    return this.directory.serve(
      { operation, ...(ref ? { reference: ref.reference } : {}) },
      call,
      run,
    );
  }

  private check(kind: EntryKind): void {
    if (!this.capabilities.kinds.includes(kind)) {
      this.directory.violations.push(`a ${kind}, which is not declared`);
    }
  }

  private checkOpen(operation: string): void {
    if (this.isClosed) this.directory.violations.push(`${operation} after close`);
  }

  private checkDelta({ add, remove, formerNames = [] }: MemberDelta): void {
    const references = [...add, ...remove].map(({ reference }) => reference);
    if (references.length + formerNames.length === 0)
      this.directory.violations.push('members without members');
    if (new Set(references).size !== references.length) {
      this.directory.violations.push('members with the same member twice');
    }
  }
}

export function namingAttribute(kind: EntryKind): string {
  return kind === 'user' ? 'uid' : 'cn';
}

function written({ reference, name }: EntryRef): Written {
  return { reference, name };
}

function asEntry({ reference, name, attributes, active, owner }: FakeEntry): Entry {
  return {
    reference,
    name,
    attributes: { ...attributes },
    active,
    ...(owner === undefined ? {} : { owner }),
  };
}

/** Ends early, with an error, when the call is given up. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new ConnectorError('timeout', 'The call was given up.', { outcome: 'unknown' }));
    });
  });
}
