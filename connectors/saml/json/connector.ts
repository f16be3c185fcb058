/** One SAML target whose users are files. Every change goes through the index, and to the file before it is confirmed. */
import {
  type AttributeChange,
  type CallContext,
  type Connector,
  ConnectorError,
  type CorrelationKey,
  type DesiredEntry,
  type Entry,
  type EntryKind,
  type EntryRef,
  type MemberDelta,
  type NativeChange,
  type TargetSchema,
  type TestStep,
  type Written,
} from '../../spi';
import { step } from '../../sql/checks';
import { changesBetween, matches } from '../../sql/delta';
import { newGroup, newUser } from '../change';
import type { SamlSettings } from '../settings';
import { SnapshotFolder } from './folder';
import type { Snapshots } from './snapshots';

/** What the connector stands on. */
export interface JsonParts {
  /** The same target, on the tables of the index. */
  readonly index: Connector;
  readonly snapshots: Snapshots;
  readonly folder: SnapshotFolder;
  readonly settings: SamlSettings;
}

/** A connector over a folder of snapshots. */
export class JsonSamlConnector implements Connector {
  constructor(private readonly parts: JsonParts) {}

  async test(call: CallContext): Promise<readonly TestStep[]> {
    const { folder, index, snapshots } = this.parts;
    const writes = await step('folder', async () => {
      await folder.tryWriting();
      return `${folder.folder}: files can be written`;
    });
    if (writes.state !== 'ok') return [writes];
    const steps = [writes, ...(await index.test(call))];
    if (steps.some(({ state }) => state !== 'ok')) return steps;
    const settled = await step('snapshots', async () => {
      await snapshots.settle(call);
      return 'files and index are in step';
    });
    return [...steps, settled];
  }

  schema(call: CallContext): Promise<TargetSchema> {
    return this.parts.index.schema(call);
  }

  async read(kind: EntryKind, ref: EntryRef, call: CallContext): Promise<Entry | undefined> {
    await this.parts.snapshots.settle(call);
    const entry = await this.parts.index.read(kind, ref, call);
    return entry && this.shown(kind, entry, call);
  }

  async correlate(
    kind: EntryKind,
    keys: readonly CorrelationKey[],
    call: CallContext,
  ): Promise<readonly Entry[]> {
    await this.parts.snapshots.settle(call);
    const shown: Entry[] = [];
    for (const entry of await this.parts.index.correlate(kind, keys, call)) {
      const one = await this.shown(kind, entry, call);
      if (one && matches(one, keys)) shown.push(one);
    }
    return shown;
  }

  create(
    kind: EntryKind,
    desired: DesiredEntry,
    owner: string,
    call: CallContext,
  ): Promise<Written> {
    return this.writing(call, () => this.parts.index.create(kind, desired, owner, call));
  }

  update(
    kind: EntryKind,
    ref: EntryRef,
    changes: readonly AttributeChange[],
    call: CallContext,
  ): Promise<Written> {
    return this.writing(call, () => this.parts.index.update(kind, ref, changes, call), {
      kind,
      id: ref.reference,
    });
  }

  members(group: EntryRef, delta: MemberDelta, call: CallContext): Promise<Written> {
    return this.writing(call, () => this.parts.index.members(group, delta, call));
  }

  setActive(kind: EntryKind, ref: EntryRef, active: boolean, call: CallContext): Promise<Written> {
    return this.writing(call, () => this.parts.index.setActive(kind, ref, active, call), {
      kind,
      id: ref.reference,
    });
  }

  remove(kind: EntryKind, ref: EntryRef, call: CallContext): Promise<void> {
    return this.writing(call, () => this.parts.index.remove(kind, ref, call));
  }

  async *list(kind: EntryKind, call: CallContext): AsyncGenerator<Entry, void, undefined> {
    await this.parts.snapshots.settle(call);
    for await (const entry of this.parts.index.list(kind, call)) {
      const shown = await this.shown(kind, entry, call);
      if (shown) yield shown;
    }
  }

  plan(
    kind: EntryKind,
    current: Entry | undefined,
    desired: DesiredEntry,
  ): readonly NativeChange[] {
    const { attributes, active } = desired;
    if (kind === 'group') newGroup({ ...current?.attributes, ...attributes });
    else if (!current) newUser(attributes, active, this.parts.settings);
    const before = current ?? { attributes: {}, active: kind === 'group', reference: '<new id>' };
    const object = SnapshotFolder.fileOf(kind, before.reference);
    const changes = changesBetween(before.attributes, attributes).map((change) =>
      'replace' in change ? `${change.attribute} = ${JSON.stringify(change.replace)}` : '',
    );
    if (before.active !== active && kind === 'user') changes.push(`active = ${active}`);
    return changes.map((detail) => ({ operation: 'WRITE', object, detail }));
  }

  close(): Promise<void> {
    return this.parts.index.close();
  }

  /** `rewritten` is the entry whose file is written anew even when no row changes: somebody may have edited it. */
  private async writing<Result>(
    call: CallContext,
    write: () => Promise<Result>,
    rewritten?: { readonly kind: EntryKind; readonly id: string },
  ): Promise<Result> {
    const { snapshots } = this.parts;
    await snapshots.settle(call);
    const result = await write();
    try {
      if (rewritten) await snapshots.mark(rewritten.kind, rewritten.id, call);
      await snapshots.settle(call);
    } catch (error) {
      // The change is in the index, and will be in the file: whoever gives up now must look again.
      if (!(error instanceof ConnectorError)) throw error;
      throw new ConnectorError(error.kind, error.message, { outcome: 'unknown', cause: error });
    }
    return result;
  }

  /** The entry as its file has it. An entry whose file was removed is gone, and the index forgets it. */
  private async shown(
    kind: EntryKind,
    entry: Entry,
    call: CallContext,
  ): Promise<Entry | undefined> {
    const { snapshots } = this.parts;
    const shown = await snapshots.show(kind, entry);
    if (shown) return shown;
    if (await snapshots.forgetLost(kind, entry, call)) return undefined;
    // Written since it was looked for.
    await snapshots.settle(call);
    return snapshots.show(kind, entry);
  }
}
