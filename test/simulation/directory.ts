/** A directory that is far away and not reliable, and that knows what nobody may do to it. */
import {
  type CallContext,
  ConnectorError,
  type ConnectorType,
  type DesiredEntry,
  type EntryKind,
  type EntryRef,
  type MemberDelta,
  type Written,
} from '../../connectors/spi';
import {
  type FakeCall,
  FakeDirectory,
  type FakeEntry,
  type FakeOptions,
} from '../support/fake-connector';
import { type Random } from './random';
import { type Fate, survives } from './fate';
import { type Owner, type Scheduler } from './scheduler';

/** How a directory is at the moment. */
export type Condition = 'well' | 'down' | 'slow' | 'flaky' | 'mad';

export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** Nobody at all has a clock that is wrong. */
  readonly clocksAgree: () => boolean;
  /** Told of every call as it is sent, and of every change as it is made. */
  readonly sent: (directory: SimulatedDirectory, operation: string, reference?: string) => void;
  readonly made: (directory: SimulatedDirectory, operation: string, entry: FakeEntry) => void;
  readonly trace: (line: string) => void;
  readonly fate?: Fate;
}

/** Somebody who writes an entry. */
interface Writer {
  readonly process: Owner;
  readonly signal: AbortSignal;
}

const WRITES = new Set(['create', 'update', 'members', 'setActive', 'remove']);

export class SimulatedDirectory extends FakeDirectory {
  condition: Condition = 'well';
  targetId = '';
  /** Whom each entry was made for, whether the directory says so or not. */
  readonly madeFor = new Map<string, string>();
  private readonly underWay = new Map<string, Writer>();
  /** Shared with what processes see of it. */
  private readonly numbers = { last: 0 };

  constructor(
    options: FakeOptions,
    private readonly around: Surroundings,
  ) {
    super(options);
  }

  /** The connector as one process opens it. */
  typeFor(process: Owner): ConnectorType {
    const seen = Object.create(this, {
      serve: {
        value: <Answer>(call: Omit<FakeCall, 'at'>, context: CallContext, run: () => Answer) =>
          this.serveFor(process, call, context, run),
      },
    }) as SimulatedDirectory;
    const type: unknown = Reflect.get(FakeDirectory.prototype, 'type', seen);
    return type as ConnectorType;
  }

  override plant(kind: EntryKind, name: string, more: Partial<FakeEntry> = {}): FakeEntry {
    this.numbers.last += 1;
    return super.plant(kind, name, { ...more, reference: `${kind}-${this.numbers.last}` });
  }

  override create(kind: EntryKind, desired: DesiredEntry, owner: string): Written {
    const made = super.create(kind, desired, owner);
    this.madeFor.set(made.reference, owner);
    return made;
  }

  /** What is not there cannot be a member where members are known by reference. */
  override changeMembers(ref: EntryRef, delta: MemberDelta): Written {
    const { add } = delta;
    const present = this.options.membersByReference
      ? add.filter(({ reference }) => this.entries.has(reference))
      : add;
    return super.changeMembers(ref, { ...delta, add: present });
  }

  /** Somebody removes an entry by hand; a directory that knows members by reference forgets it everywhere. */
  vanish({ reference }: FakeEntry): void {
    this.entries.delete(reference);
    for (const { members } of this.entries.values()) members.delete(reference);
  }

  private serveFor<Answer>(
    process: Owner,
    call: Omit<FakeCall, 'at'>,
    { signal }: CallContext,
    run: () => Answer,
  ): Promise<Answer> {
    const { scheduler, random } = this.around;
    const { operation, reference } = call;
    if (signal.aborted) this.violations.push(`${operation} with a signal that is aborted`);
    this.around.sent(this, operation, reference);
    const end = this.begin({ process, signal }, operation, reference);
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void, ms = 0): void => {
        scheduler.later(ms, process, settle);
      };
      scheduler.later(this.latency(), undefined, () => {
        end();
        const point = `directory: ${operation}`;
        if (!survives(this.around.fate, process, point, 'before')) return;
        // What a directory has not begun when its caller hangs up, it does not do.
        if ((process.dead && random.chance(0.5)) || signal.aborted) return;
        const before = reference === undefined ? undefined : this.entries.get(reference);
        try {
          const { value, lost } = this.answerTo(operation, run, before);
          this.around.trace(
            `${this.options.id} ${operation} ${reference ?? ''}${lost ? ' lost' : ''}`,
          );
          if (!survives(this.around.fate, process, point, 'after')) return;
          if (lost === undefined) answer(() => resolve(value));
          else if (lost !== 'silence') answer(() => reject(lost));
        } catch (error) {
          this.around.trace(`${this.options.id} ${operation} ${reference ?? ''}: ${String(error)}`);
          if (!survives(this.around.fate, process, point, 'after')) return;
          const failure = error as Error;
          answer(() => reject(failure));
        }
      });
    });
  }

  /** Two processes that are well must not write one entry at the same time. Who has hung up writes no more. */
  private begin(writer: Writer, operation: string, reference: string | undefined): () => void {
    if (reference === undefined || !WRITES.has(operation)) return () => undefined;
    const { process: other, signal } = this.underWay.get(reference) ?? {};
    const isAtWork = other && !other.dead && !other.paused && !signal?.aborted;
    if (isAtWork && other !== writer.process && this.around.clocksAgree()) {
      this.violations.push(`${operation} beside another process that writes ${reference}`);
    }
    this.underWay.set(reference, writer);
    return () => {
      if (this.underWay.get(reference) === writer) this.underWay.delete(reference);
    };
  }

  private latency(): number {
    const { random } = this.around;
    if (this.condition === 'slow' && random.chance(0.4)) return random.below(3_500);
    return random.chance(0.5) ? 0 : random.below(15);
  }

  /** What comes of a call, and whether its answer is lost. */
  private answerTo<Answer>(
    operation: string,
    run: () => Answer,
    before: FakeEntry | undefined,
  ): { readonly value: Answer; readonly lost?: Error | 'silence' } {
    const { random } = this.around;
    const writes = WRITES.has(operation);
    const unknown = (): Error =>
      new ConnectorError('unavailable', 'The line broke.', { outcome: 'unknown' });
    if (this.condition === 'down') throw new ConnectorError('unavailable', 'Down.');
    const isBad = this.condition === 'flaky' || this.condition === 'mad';
    if (isBad && random.chance(0.15))
      throw writes ? unknown() : new ConnectorError('timeout', 'No.');
    if (isBad && random.chance(0.05)) throw new ConnectorError('throttled', 'Later.');
    if (this.condition === 'mad' && random.chance(0.05)) {
      throw new ConnectorError('invalid', 'Not like that.');
    }
    const value = run();
    const entry =
      before ?? (operation === 'create' ? this.entries.get(referenceOf(value)) : undefined);
    if (writes && entry) this.around.made(this, operation, entry);
    if (isBad && random.chance(0.15)) return { value, lost: writes ? unknown() : 'silence' };
    if (isBad && random.chance(0.05)) return { value, lost: 'silence' };
    if (this.condition === 'mad' && random.chance(0.1))
      return { value, lost: new TypeError('garbage') };
    return { value };
  }
}

function referenceOf(value: unknown): string {
  return (value as { readonly reference?: string } | undefined)?.reference ?? '';
}
