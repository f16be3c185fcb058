/** An open connector behind its guard: deadlines, checked answers, nothing called that is not declared. */
import {
  ConnectorError,
  type AttributeChange,
  type CallContext,
  type Capabilities,
  type Connector,
  type ConnectorType,
  type CorrelationKey,
  type DesiredEntry,
  type DirectoryRequest,
  type DirectoryResponse,
  type Entry,
  type EntryKind,
  type EntryRef,
  type Mapping,
  type MemberDelta,
  type MemberDifference,
  type NativeChange,
  type TargetSchema,
  type TestStep,
  type Written,
} from '../../../connectors/spi';
import {
  checkEntries,
  checkEntry,
  checkMemberDifference,
  checkPlan,
  checkResponse,
  checkSchema,
  checkSteps,
  checkWritten,
} from './answers';
import { checkChanges, checkDesired } from './arguments';
import { type CallObserver, observed } from '../call-observer';
import { type Clock } from '../clock';
import { asOwnError, guard, type GuardedCall, type GuardTimes } from './call-guard';
import { LeaseLost } from '../errors';
import { Semaphore } from './semaphore';

/** What surrounds a call beside its deadline. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called when the call's turn has come; throws when it must not be made any more. */
  readonly begin?: (() => void) | undefined;
}

export interface CallLimits {
  readonly times: GuardTimes;
  /** For what the directory asks; absent: a few seconds. */
  readonly answer?: GuardTimes | undefined;
  /** Calls at the same time; others wait, and their deadline begins when their turn has come. */
  readonly concurrency: number;
}

export interface HostedParts {
  readonly type: ConnectorType;
  /** As `type.parse` answered them. */
  readonly settings: unknown;
  readonly capabilities: Capabilities;
  readonly connector: Connector;
  readonly clock: Clock;
  readonly observe?: CallObserver | undefined;
}

/** Entries in one step of a listing. */
const LISTED_AT_ONCE = 100;

async function* nothing(): AsyncGenerator<never> {
  // Where members cannot be read nothing is said of them.
}

/** Somebody waits to be let in. */
const ANSWER_TIMES: GuardTimes = { deadlineMs: 5_000, graceMs: 250 };
/** Questions answered at the same time; more than that is no directory's custom. */
const MOST_ANSWERS = 256;

export class HostedConnector {
  private readonly slots: Semaphore;
  private flushing: Promise<void> | undefined;
  private nextFlush: Promise<void> | undefined;

  private answering = 0;

  constructor(
    private readonly parts: HostedParts,
    private readonly limits: CallLimits,
  ) {
    this.slots = new Semaphore(limits.concurrency);
  }

  get capabilities(): Capabilities {
    return this.parts.capabilities;
  }

  namingAttribute(kind: EntryKind): string {
    return this.parts.type.namingAttribute(kind, this.parts.settings);
  }

  defaultMapping(): Mapping {
    return this.parts.type.defaultMapping(this.parts.settings);
  }

  async test(options: CallOptions): Promise<readonly TestStep[]> {
    return this.look('test', options, async (call) =>
      checkSteps(await this.parts.connector.test(call)),
    );
  }

  async schema(options: CallOptions): Promise<TargetSchema> {
    return this.look('schema', options, async (call) =>
      checkSchema(await this.parts.connector.schema(call)),
    );
  }

  /** Asks nobody: no deadline and no turn are needed. */
  plan(
    kind: EntryKind,
    current: Entry | undefined,
    desired: DesiredEntry,
  ): readonly NativeChange[] {
    try {
      return checkPlan(this.parts.connector.plan(kind, current, desired));
    } catch (error) {
      throw asOwnError(error, 'plan');
    }
  }

  async read(
    kind: EntryKind,
    ref: EntryRef,
    attributes: readonly string[],
    options: CallOptions,
  ): Promise<Entry | undefined> {
    return this.look('read', options, async (call) => {
      const entry = await this.parts.connector.read(kind, ref, { ...call, attributes });
      if (!entry) return undefined;
      checkWritten(entry, 'read', ref.reference);
      return checkEntry(entry, 'read');
    });
  }

  /**
   * Every entry, page by page. Each page has the deadline and the turn of a call, and pauses between them are nobody's
   * fault. What is listed is not all there is: only who reads an entry itself knows that it is gone.
   */
  list(
    kind: EntryKind,
    attributes: readonly string[],
    options: CallOptions,
  ): AsyncGenerator<readonly Entry[]> {
    const { connector } = this.parts;
    return this.pages('list', options, (call) => connector.list(kind, { ...call, attributes }), {
      check: (entry: Entry) => checkEntry(entry, 'list'),
    });
  }

  get comparesMembers(): boolean {
    return this.parts.connector.compareMembers !== undefined;
  }

  /** Who is in a group and should not be, and the other way round, page by page. */
  compareMembers(
    group: EntryRef,
    expected: AsyncIterable<readonly EntryRef[]>,
    options: CallOptions,
  ): AsyncGenerator<readonly MemberDifference[]> {
    const { connector } = this.parts;
    return this.pages(
      'compareMembers',
      options,
      (call) => connector.compareMembers?.(group, expected, call) ?? nothing(),
      { check: checkMemberDifference },
    );
  }

  async correlate(
    kind: EntryKind,
    keys: readonly CorrelationKey[],
    options: CallOptions,
  ): Promise<readonly Entry[]> {
    // Without a key everything would match.
    if (keys.length === 0) return [];
    return this.look('correlate', options, async (call) =>
      checkEntries(await this.parts.connector.correlate(kind, keys, call), 'correlate'),
    );
  }

  async create(
    kind: EntryKind,
    desired: DesiredEntry,
    owner: string,
    options: CallOptions,
  ): Promise<Written> {
    checkDesired(desired);
    return this.change('create', options, async (call) =>
      checkWritten(await this.parts.connector.create(kind, desired, owner, call), 'create'),
    );
  }

  async update(
    kind: EntryKind,
    ref: EntryRef,
    changes: readonly AttributeChange[],
    options: CallOptions,
  ): Promise<Written> {
    checkChanges(changes);
    return this.change('update', options, async (call) =>
      checkWritten(
        await this.parts.connector.update(kind, ref, changes, call),
        'update',
        ref.reference,
      ),
    );
  }

  async members(group: EntryRef, delta: MemberDelta, options: CallOptions): Promise<Written> {
    return this.change('members', options, async (call) =>
      checkWritten(
        await this.parts.connector.members(group, delta, call),
        'members',
        group.reference,
      ),
    );
  }

  async setActive(
    kind: EntryKind,
    ref: EntryRef,
    active: boolean,
    options: CallOptions,
  ): Promise<Written> {
    if (this.capabilities.activation !== 'native') {
      throw new ConnectorError(
        'unsupported',
        'This directory knows no disabled accounts. Choose DELETE or KEEP instead of DISABLE for this target.',
      );
    }
    return this.change('setActive', options, async (call) =>
      checkWritten(
        await this.parts.connector.setActive(kind, ref, active, call),
        'setActive',
        ref.reference,
      ),
    );
  }

  async remove(kind: EntryKind, ref: EntryRef, options: CallOptions): Promise<void> {
    await this.change('remove', options, (call) => this.parts.connector.remove(kind, ref, call));
  }

  /** Makes earlier writes effective. Many who ask at the same time share one flush that begins after they asked. */
  async flush(): Promise<void> {
    if (!this.parts.connector.flush) return;
    this.nextFlush ??= this.flushAfter(this.flushing);
    await this.nextFlush;
  }

  /**
   * Answers what the directory asks. Not one of the calls that wait for each other: people log in while a directory is
   * being filled.
   */
  async answer(request: DirectoryRequest): Promise<DirectoryResponse> {
    const { connector } = this.parts;
    if (!this.capabilities.answers || !connector.answer) {
      throw new ConnectorError('unsupported', 'This target answers no requests.');
    }
    if (this.answering >= MOST_ANSWERS) {
      throw new ConnectorError('throttled', 'This target is asked too much at once.');
    }
    this.answering += 1;
    try {
      const run = async (call: CallContext): Promise<DirectoryResponse> =>
        checkResponse(await connector.answer?.(request, call));
      const times = this.limits.answer ?? ANSWER_TIMES;
      return await this.observed('answer', () =>
        guard({ operation: 'answer', writes: false, run }, times, this.parts.clock),
      );
    } finally {
      this.answering -= 1;
    }
  }

  async close(): Promise<void> {
    await this.look('close', {}, () => this.parts.connector.close());
  }

  private async *pages<Item>(
    operation: string,
    options: CallOptions,
    open: (call: CallContext) => AsyncIterable<Item>,
    { check }: { readonly check: (item: Item) => Item },
  ): AsyncGenerator<readonly Item[]> {
    const controller = new AbortController();
    let iterator: AsyncIterator<Item> | undefined;
    let ended = false;
    try {
      while (!ended) {
        const page = await this.look(operation, options, async ({ signal }) => {
          signal.addEventListener('abort', () => controller.abort(), { once: true });
          iterator ??= open({ signal: controller.signal })[Symbol.asyncIterator]();
          const items: Item[] = [];
          while (items.length < LISTED_AT_ONCE) {
            const next = await iterator.next();
            if (next.done === true) {
              ended = true;
              break;
            }
            items.push(check(next.value));
          }
          return items;
        });
        if (page.length > 0) yield page;
      }
    } finally {
      controller.abort();
      // It may wait for what will never come; nobody waits for it.
      void Promise.resolve(iterator?.return?.()).catch(() => undefined);
    }
  }

  private async flushAfter(earlier: Promise<void> | undefined): Promise<void> {
    await earlier?.catch(() => undefined);
    this.flushing = this.nextFlush;
    this.nextFlush = undefined;
    await this.change('flush', {}, async (call) => this.parts.connector.flush?.(call));
  }

  private look<Answer>(
    operation: string,
    options: CallOptions,
    run: (call: CallContext) => Promise<Answer>,
  ): Promise<Answer> {
    return this.call({ operation, writes: false, run, signal: options.signal }, options);
  }

  private change<Answer>(
    operation: string,
    options: CallOptions,
    run: (call: CallContext) => Promise<Answer>,
  ): Promise<Answer> {
    return this.call({ operation, writes: true, run, signal: options.signal }, options);
  }

  private call<Answer>(call: GuardedCall<Answer>, { signal, begin }: CallOptions): Promise<Answer> {
    return this.slots.run(async () => {
      begin?.();
      if (signal?.aborted) throw new LeaseLost();
      return this.observed(call.operation, () => guard(call, this.limits.times, this.parts.clock));
    });
  }

  private observed<Answer>(operation: string, call: () => Promise<Answer>): Promise<Answer> {
    return observed({ connector: this.parts.type.id, operation }, this.parts, call);
  }
}
