/**
 * One delivery's calls to its target: nothing is written without the lease, no entry is destroyed without the guard, and it
 * is known what was done.
 */
import {
  type AttributeChange,
  type Capabilities,
  type CorrelationKey,
  type DesiredEntry,
  type Entry,
  type EntryKind,
  type EntryRef,
  type MemberDelta,
  type Written,
} from '../../../connectors/spi';
import { type CallOptions, type HostedConnector } from '../connectors/hosted-connector';
import { type DeliveryGuard } from './guard';
import { type Lease } from '../lease';
import { NativeChanges } from './native-changes';

/** What a delivery asks of its target. */
export type EntryConnector = Pick<
  HostedConnector,
  | 'capabilities'
  | 'namingAttribute'
  | 'defaultMapping'
  | 'plan'
  | 'read'
  | 'correlate'
  | 'create'
  | 'update'
  | 'members'
  | 'setActive'
  | 'remove'
  | 'flush'
>;

export class DeliverySession {
  /** What was done. */
  readonly native: NativeChanges;
  private asked = false;
  private changed = false;
  private reservations = 0;

  constructor(
    readonly connector: EntryConnector,
    readonly kind: EntryKind,
    private readonly lease: Pick<Lease, 'signal' | 'assertHeld'>,
    /** Asked before anything is destroyed. */
    readonly guard: Pick<DeliveryGuard, 'permit' | 'permitLeaving'>,
  ) {
    this.native = new NativeChanges(connector, kind);
  }

  get capabilities(): Capabilities {
    return this.connector.capabilities;
  }

  /** Whether the target was asked anything. */
  get called(): boolean {
    return this.asked;
  }

  /** Whether the target was asked to change anything. */
  get wrote(): boolean {
    return this.changed;
  }

  /** How often the target had something to say about what it did. */
  get warnings(): number {
    return this.reservations;
  }

  get namingAttribute(): string {
    return this.connector.namingAttribute(this.kind);
  }

  /** Only these attributes are sure to be answered. */
  read(ref: EntryRef, attributes: readonly string[]): Promise<Entry | undefined> {
    return this.connector.read(this.kind, ref, attributes, this.call());
  }

  correlate(keys: readonly CorrelationKey[]): Promise<readonly Entry[]> {
    return this.connector.correlate(this.kind, keys, this.call());
  }

  async create(desired: DesiredEntry, owner: string): Promise<Written> {
    const writing = this.connector.create(this.kind, desired, owner, this.change());
    await this.native.create(writing, desired);
    return this.noting(writing);
  }

  /** `entry` is the entry as it was read. */
  async update(entry: Entry, ref: EntryRef, changes: readonly AttributeChange[]): Promise<Written> {
    const writing = this.connector.update(this.kind, ref, changes, this.change());
    await this.native.update(writing, { ...entry, name: ref.name }, changes);
    return this.noting(writing);
  }

  async members(group: EntryRef, delta: MemberDelta): Promise<Written> {
    const writing = this.connector.members(group, delta, this.change());
    await this.native.members(writing, group, delta);
    return this.noting(writing);
  }

  async setActive(ref: EntryRef, active: boolean): Promise<Written> {
    if (!active) await this.guard.permit('DISABLE');
    const writing = this.connector.setActive(this.kind, ref, active, this.change());
    await this.native.setActive(writing, ref, active);
    return this.noting(writing);
  }

  async remove(ref: EntryRef): Promise<void> {
    await this.guard.permit('REMOVE');
    const writing = this.connector.remove(this.kind, ref, this.change());
    await this.native.remove(writing, ref);
    return writing;
  }

  /** Makes effective what this delivery wrote, or an earlier one that died before it came to this. */
  async flush(): Promise<void> {
    if (this.asked) await this.connector.flush();
  }

  private async noting(writing: Promise<Written>): Promise<Written> {
    const written = await writing;
    if (Array.isArray(written.warnings)) this.reservations += written.warnings.length;
    return written;
  }

  private change(): CallOptions {
    this.changed = true;
    return this.call();
  }

  private call(): CallOptions {
    this.asked = true;
    const { lease } = this;
    return { signal: lease.signal, begin: () => lease.assertHeld() };
  }
}
