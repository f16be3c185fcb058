/** A target as a delivery sees it that is only rehearsed: it is read, and what would be written is noted and not written. */
import {
  type AttributeChange,
  type Capabilities,
  ConnectorError,
  type CorrelationKey,
  type DesiredEntry,
  type Entry,
  type EntryKind,
  type EntryRef,
  type Mapping,
  type MemberDelta,
  type NativeChange,
  type Written,
} from '../../../connectors/spi';
import { checkChanges, checkDesired } from '../connectors/arguments';
import { type CallOptions } from '../connectors/hosted-connector';
import { valuesOf } from '../entries/differ';
import { type EntryConnector } from '../entries/session';

/** What a delivery would do to an entry. */
export type Deed = 'create' | 'rename' | 'update' | 'enable' | 'disable' | 'members' | 'remove';

const NEW = '~';

/** Whether the entry would be made, and so has no reference yet. */
export function isImagined({ reference }: Pick<EntryRef, 'reference'>): boolean {
  return reference.startsWith(NEW);
}

/** For one delivery. */
export class RehearsedConnector implements EntryConnector {
  readonly deeds = new Set<Deed>();
  private readonly seen = new Map<string, Entry>();

  constructor(private readonly connector: EntryConnector) {}

  get capabilities(): Capabilities {
    return this.connector.capabilities;
  }

  namingAttribute(kind: EntryKind): string {
    return this.connector.namingAttribute(kind);
  }

  defaultMapping(): Mapping {
    return this.connector.defaultMapping();
  }

  plan(
    kind: EntryKind,
    current: Entry | undefined,
    desired: DesiredEntry,
  ): readonly NativeChange[] {
    return this.connector.plan(kind, current, desired);
  }

  async read(
    kind: EntryKind,
    ref: EntryRef,
    attributes: readonly string[],
    options: CallOptions,
  ): Promise<Entry | undefined> {
    if (isImagined(ref)) return undefined;
    const entry = await this.connector.read(kind, ref, attributes, options);
    if (entry) this.seen.set(entry.reference, entry);
    return entry;
  }

  correlate(
    kind: EntryKind,
    keys: readonly CorrelationKey[],
    options: CallOptions,
  ): Promise<readonly Entry[]> {
    return this.connector.correlate(kind, keys, options);
  }

  async create(
    kind: EntryKind,
    desired: DesiredEntry,
    owner: string,
    options: CallOptions,
  ): Promise<Written> {
    checkDesired(desired);
    const value = valuesOf(desired.attributes, this.namingAttribute(kind))[0] ?? '';
    await this.assertFree(kind, value, undefined, options);
    this.deeds.add('create');
    return { reference: `${NEW}${owner}`, name: this.nameOf(kind, desired, value) };
  }

  async update(
    kind: EntryKind,
    ref: EntryRef,
    changes: readonly AttributeChange[],
    options: CallOptions,
  ): Promise<Written> {
    checkChanges(changes);
    const naming = this.namingAttribute(kind).toLowerCase();
    const renaming = changes.find(({ attribute }) => attribute.toLowerCase() === naming);
    if (!renaming) {
      this.deeds.add('update');
      return ref;
    }
    const value = ('replace' in renaming ? renaming.replace : renaming.add)[0] ?? '';
    await this.assertFree(kind, value, ref, options);
    this.deeds.add('rename');
    return { reference: ref.reference, name: this.renamed(kind, ref, changes, value) };
  }

  async members(group: EntryRef, _delta: MemberDelta): Promise<Written> {
    this.deeds.add('members');
    return group;
  }

  async setActive(_kind: EntryKind, ref: EntryRef, active: boolean): Promise<Written> {
    if (this.capabilities.activation !== 'native') {
      throw new ConnectorError(
        'unsupported',
        'This directory knows no disabled accounts. Choose DELETE or KEEP instead of DISABLE for this target.',
      );
    }
    this.deeds.add(active ? 'enable' : 'disable');
    return ref;
  }

  async remove(): Promise<void> {
    this.deeds.add('remove');
  }

  async flush(): Promise<void> {
    // Nothing was written.
  }

  /** A directory says by itself that a name is taken when it is asked to give it away. */
  private async assertFree(
    kind: EntryKind,
    value: string,
    own: EntryRef | undefined,
    options: CallOptions,
  ): Promise<void> {
    const key = { attribute: this.namingAttribute(kind), value };
    const found = await this.correlate(kind, [key], options);
    if (found.some(({ reference }) => reference !== own?.reference)) {
      throw new ConnectorError('conflict', `There is an entry named "${value}" already.`);
    }
  }

  private renamed(
    kind: EntryKind,
    ref: EntryRef,
    changes: readonly AttributeChange[],
    value: string,
  ): string {
    const entry = this.seen.get(ref.reference);
    const changed = changes.map((change) => [
      change.attribute,
      'replace' in change ? change.replace : change.add,
    ]);
    const attributes = {
      ...entry?.attributes,
      ...Object.fromEntries(changed),
    } as Entry['attributes'];
    return this.nameOf(kind, { attributes, active: entry?.active ?? true }, value);
  }

  /** As the connector would call the entry, where the objects of its changes are entries; else the value that names it. */
  private nameOf(kind: EntryKind, desired: DesiredEntry, value: string): string {
    const { name, value: other } = { name: this.namingAttribute(kind), value: `${value}-` };
    try {
      const [one] = this.plan(kind, undefined, desired);
      const attributes = { ...desired.attributes, [name]: [other] };
      const [another] = this.plan(kind, undefined, { ...desired, attributes });
      return one && another && one.object !== another.object ? one.object : value;
    } catch {
      return value;
    }
  }
}
