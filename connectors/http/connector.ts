/** An open service, as the gateway sees it. */
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
} from '../spi';
import { difference, isId, mayMatch, NAME, toNewEntry, toPatch } from './entry';
import { probe } from './probe';
import { type Page, type Service, type WrittenEntry } from './service';
import { type Settings } from './settings';

export class HttpConnector implements Connector {
  constructor(
    private readonly service: Service,
    private readonly settings: Settings,
  ) {}

  test(call: CallContext): Promise<readonly TestStep[]> {
    return probe(this.service, this.settings, call);
  }

  async schema(call: CallContext): Promise<TargetSchema> {
    const { user, group } = await this.service.describe(call);
    const withName = (attributes: TargetSchema['user']): TargetSchema['user'] => {
      const rules = { multiValued: false, required: true, readOnly: false };
      const described = attributes.find(({ name }) => name === NAME);
      return [
        { ...described, ...rules, name: NAME },
        ...attributes.filter(({ name }) => name !== NAME),
      ];
    };
    const described = user.map(toTargetAttribute);
    return { user: withName(described), group: withName(group.map(toTargetAttribute)) };
  }

  async read(kind: EntryKind, { reference }: EntryRef, call: CallContext) {
    if (!isId(reference)) return undefined;
    return unlessGone(this.service.get(kind, reference, call));
  }

  async correlate(
    kind: EntryKind,
    keys: readonly CorrelationKey[],
    call: CallContext,
  ): Promise<readonly Entry[]> {
    if (keys.length === 0) return [];
    const found: Entry[] = [];
    const pages = this.walk((after) => this.service.search(kind, keys, after, call));
    for await (const entry of pages) if (mayMatch(entry, keys)) found.push(entry);
    return found;
  }

  async create(
    kind: EntryKind,
    desired: DesiredEntry,
    owner: string,
    call: CallContext,
  ): Promise<Written> {
    return toWritten(await this.service.create(kind, toNewEntry(kind, desired, owner), call));
  }

  async update(
    kind: EntryKind,
    ref: EntryRef,
    changes: readonly AttributeChange[],
    call: CallContext,
  ): Promise<Written> {
    const patch = toPatch(changes);
    const reference = existing(kind, ref);
    if (Object.keys(patch).length > 0) {
      return toWritten(await this.service.patch(kind, reference, patch, call));
    }
    const { name } = await this.service.get(kind, reference, call);
    return { reference, name };
  }

  async members(group: EntryRef, delta: MemberDelta, call: CallContext): Promise<Written> {
    const reference = existing('group', group);
    const changes = [
      ...delta.remove.map((member) => ({ id: member.reference, adds: false })),
      ...delta.add.map((member) => ({ id: member.reference, adds: true })),
    ];
    // What can be no id is nobody's; the others must not suffer from it.
    const sendable = changes.filter(({ id }) => isId(id));
    let missing = changes.filter(({ id, adds }) => adds && !isId(id)).length;
    let name: string;
    let done = 0;
    // Once even without members: whether the group is there must be told.
    do {
      const chunk = sendable.slice(done, done + this.settings.memberChunk);
      const add = chunk.filter(({ adds }) => adds).map(({ id }) => id);
      const remove = chunk.filter(({ adds }) => !adds).map(({ id }) => id);
      const request = this.service.members(reference, { add, remove }, call);
      const answer = await (done === 0 ? request : afterOthers(request));
      name = answer.name;
      missing += answer.missing.length;
      done += chunk.length;
    } while (done < sendable.length);
    if (missing === 0) return { reference, name };
    return { reference, name, warnings: [`${missing} members are unknown to ${this.host}.`] };
  }

  async setActive(
    kind: EntryKind,
    ref: EntryRef,
    active: boolean,
    call: CallContext,
  ): Promise<Written> {
    if (kind === 'group') throw new ConnectorError('unsupported', 'Groups cannot be disabled.');
    return toWritten(await this.service.patch(kind, existing(kind, ref), { active }, call));
  }

  async remove(kind: EntryKind, { reference }: EntryRef, call: CallContext): Promise<void> {
    if (isId(reference)) await unlessGone(this.service.remove(kind, reference, call));
  }

  async *list(kind: EntryKind, call: CallContext): AsyncGenerator<Entry> {
    yield* this.walk((after) => this.service.page(kind, after, call));
  }

  plan(kind: EntryKind, current: Entry | undefined, desired: DesiredEntry): NativeChange[] {
    if (!current) {
      const { owner: _unknownYet, ...entry } = toNewEntry(kind, desired, '');
      return [{ operation: 'POST', object: `/${kind}s`, detail: JSON.stringify(entry) }];
    }
    const patch = difference(kind, current, desired);
    if (Object.keys(patch).length === 0) return [];
    const object = `/${kind}s/${current.reference}`;
    return [{ operation: 'PATCH', object, detail: JSON.stringify(patch) }];
  }

  async close(): Promise<void> {
    this.service.close();
  }

  private get host(): string {
    return this.service.host;
  }

  /**
   * All pages. What shows that pages do not follow each other (a cursor or an entry that comes again) ends it with an
   * error, for then entries may have been left out too.
   */
  private async *walk(page: (after: string | null) => Promise<Page>): AsyncGenerator<Entry> {
    const seen = new Set<string>();
    const cursors = new Set<string>();
    let after: string | null = null;
    do {
      const { entries, next } = await page(after);
      for (const entry of entries) {
        if (seen.has(entry.reference)) throw this.unstable('an entry');
        seen.add(entry.reference);
      }
      if (next !== null && cursors.has(next)) throw this.unstable('a cursor');
      if (next !== null) cursors.add(next);
      yield* entries;
      after = next;
    } while (after !== null);
  }

  private unstable(what: string): ConnectorError {
    const text = `${this.host} lists ${what} twice: its pages must be in the order of the ids.`;
    return new ConnectorError('unavailable', text);
  }
}

function toWritten({ id, name }: WrittenEntry): Written {
  return { reference: id, name };
}

function toTargetAttribute({
  maxLength,
  ...attribute
}: Omit<TargetSchema['user'][number], 'maxLength'> & { maxLength?: number | undefined }) {
  return { ...attribute, ...(maxLength !== undefined && { maxLength }) };
}

function existing(kind: EntryKind, { reference }: EntryRef): string {
  if (isId(reference)) return reference;
  throw new ConnectorError('notFound', `The ${kind} has no id of this service.`);
}

async function unlessGone<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ConnectorError && error.kind === 'notFound') return undefined;
    throw error;
  }
}

/** Earlier chunks are written, so it is not true that nothing was changed. */
async function afterOthers<Answer>(request: Promise<Answer>): Promise<Answer> {
  try {
    return await request;
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    const { kind, message, attribute, retryAfterMs } = error;
    throw new ConnectorError(kind, message, {
      outcome: 'unknown',
      ...(attribute !== undefined && { attribute }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      cause: error,
    });
  }
}
