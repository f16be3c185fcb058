/** What a delivery did in its directory, in the directory's own words, for the audit trail. */
import {
  type AttributeChange,
  ConnectorError,
  type DesiredEntry,
  type Entry,
  type EntryKind,
  type EntryRef,
  type MemberDelta,
  type NativeChange,
} from '../../../connectors/spi';
import { type AuditNativeChange, type AuditSample } from '../../domain/audit';
import { valuesOf } from './differ';
import { type HostedConnector } from '../connectors/hosted-connector';

const MOST_CHANGES = 20;
const MOST_MEMBERS = 10;
const LONGEST_DETAIL = 1_000;
const LONGEST_NAME = 300;

export class NativeChanges {
  private readonly first: AuditNativeChange[] = [];
  private count = 0;

  constructor(
    private readonly connector: Pick<HostedConnector, 'plan'>,
    private readonly kind: EntryKind,
  ) {}

  /** Absent: nothing was done. */
  get sample(): AuditSample<AuditNativeChange> | undefined {
    return this.count === 0 ? undefined : { count: this.count, first: this.first };
  }

  create(writing: Promise<unknown>, desired: DesiredEntry): Promise<void> {
    const names = Object.keys(desired.attributes).join(', ');
    return this.note(writing, () =>
      this.planned(undefined, desired, { operation: 'create', object: '', detail: names }),
    );
  }

  update(
    writing: Promise<unknown>,
    entry: Entry,
    changes: readonly AttributeChange[],
  ): Promise<void> {
    const attributes = Object.fromEntries(
      changes.map((change) => [change.attribute, resultOf(change, entry)]),
    );
    const names = changes.map(({ attribute }) => attribute).join(', ');
    const otherwise = { operation: 'update', object: entry.name, detail: names };
    return this.note(writing, () =>
      this.planned(entry, { attributes, active: entry.active }, otherwise),
    );
  }

  setActive(writing: Promise<unknown>, ref: EntryRef, active: boolean): Promise<void> {
    const entry = { ...ref, attributes: {}, active: !active };
    const otherwise = { operation: active ? 'enable' : 'disable', object: ref.name, detail: '' };
    return this.note(writing, () => this.planned(entry, { attributes: {}, active }, otherwise));
  }

  members(writing: Promise<unknown>, group: EntryRef, delta: MemberDelta): Promise<void> {
    return this.note(writing, () => [
      { operation: 'members', object: group.name, detail: memberLines(delta) },
    ]);
  }

  remove(writing: Promise<unknown>, ref: EntryRef): Promise<void> {
    return this.note(writing, () => [{ operation: 'remove', object: ref.name, detail: '' }]);
  }

  /** What was refused was not done. Of what was not answered it is said so. */
  private async note(
    writing: Promise<unknown>,
    changes: () => readonly NativeChange[],
  ): Promise<void> {
    try {
      await writing;
      this.add(changes());
    } catch (error) {
      if (!(error instanceof ConnectorError) || error.outcome !== 'unknown') return;
      this.add(changes().map((one) => ({ ...one, operation: `${one.operation} (not answered)` })));
    }
  }

  /** The connector's own words; where it has none, or fails to find them, ours. */
  private planned(
    entry: Entry | undefined,
    desired: DesiredEntry,
    otherwise: NativeChange,
  ): readonly NativeChange[] {
    try {
      const planned = this.connector.plan(this.kind, entry, desired);
      return planned.length > 0 ? planned : [otherwise];
    } catch {
      return [otherwise];
    }
  }

  private add(changes: readonly NativeChange[]): void {
    this.count += changes.length;
    for (const { operation, object, detail } of changes) {
      if (this.first.length >= MOST_CHANGES) return;
      this.first.push({
        operation: operation.slice(0, LONGEST_NAME),
        object: object.slice(0, LONGEST_NAME),
        detail: shortened(detail),
      });
    }
  }
}

/** The values of an attribute after a change. */
function resultOf(change: AttributeChange, { attributes }: Entry): readonly string[] {
  if ('replace' in change) return change.replace;
  const gone = new Set(change.remove);
  const kept = valuesOf(attributes, change.attribute).filter((value) => !gone.has(value));
  return [...new Set([...kept, ...change.add])];
}

function memberLines({ add, remove, formerNames = [] }: MemberDelta): string {
  const lines = [
    ...someLines('+', namesOf(add)),
    ...someLines('-', namesOf(remove)),
    ...someLines('- former name', formerNames),
  ];
  return lines.join('\n');
}

function namesOf(refs: readonly EntryRef[]): string[] {
  return refs.map(({ name }) => name);
}

function someLines(sign: string, names: readonly string[]): string[] {
  const lines = names.slice(0, MOST_MEMBERS).map((name) => `${sign} ${name}`);
  const more = names.length - lines.length;
  return more > 0 ? [...lines, `${sign} ${String(more)} more`] : lines;
}

function shortened(detail: string): string {
  if (detail.length <= LONGEST_DETAIL) return detail;
  return `${detail.slice(0, LONGEST_DETAIL)}\n... ${String(detail.length)} characters in all`;
}
