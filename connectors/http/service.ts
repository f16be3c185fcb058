/** The requests of the protocol (README.md), and answers that are believed only when they have its form. */
import { z } from 'zod';
import {
  type Attributes,
  type CallContext,
  type CorrelationKey,
  type Entry,
  type EntryKind,
} from '../spi';
import { isId, NAME, type NewEntry, type Patch } from './entry';
import { type Circumstances, nonsense, refusal } from './failures';
import { type Secrets, type Settings } from './settings';
import { type Answer, Transport } from './transport';

export const PROTOCOL = 'usher-http-1';

const id = z.string().refine(isId, 'must be 1 to 128 letters, digits, ".", "_", "~" or "-"');
/** By hand: a record of zod leaves out an attribute that is called `__proto__`. */
const attributes = z.custom<Attributes>(isAttributes, 'must be an object of lists of text');
const writtenSchema = z.object({ id, name: z.string().min(1) });
const groupSchema = writtenSchema.extend({
  attributes,
  active: z.literal(true).default(true),
  owner: z.string().nullish(),
});
const entrySchemas = { user: groupSchema.extend({ active: z.boolean() }), group: groupSchema };
const pageSchemas = { user: pageOf(entrySchemas.user), group: pageOf(entrySchemas.group) };
const membersSchema = writtenSchema.extend({ missing: z.array(z.string()).default([]) });
const attributeSchema = z.object({
  name: z.string().min(1),
  multiValued: z.boolean().default(true),
  required: z.boolean().default(false),
  readOnly: z.boolean().default(false),
  maxLength: z.int().positive().optional(),
});
const descriptionSchema = z.object({
  protocol: z.literal(PROTOCOL),
  user: z.array(attributeSchema),
  group: z.array(attributeSchema).default([]),
});

export type WrittenEntry = z.infer<typeof writtenSchema>;
export type Description = z.infer<typeof descriptionSchema>;

export interface Page {
  readonly entries: readonly Entry[];
  /** Where the next page begins; null after the last. */
  readonly next: string | null;
}

/** What a member request carries: ids. */
export interface MemberIds {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

export class Service {
  private readonly transport: Transport;
  private readonly pageSize: number;

  constructor(
    settings: Settings,
    private readonly secrets: Secrets,
  ) {
    this.transport = new Transport(settings, secrets);
    this.pageSize = settings.pageSize;
  }

  get host(): string {
    return this.transport.host;
  }

  describe(call: CallContext): Promise<Description> {
    return this.ask('GET', '/schema', undefined, descriptionSchema, call);
  }

  async get(kind: EntryKind, reference: string, call: CallContext): Promise<Entry> {
    const found = await this.ask('GET', at(kind, reference), undefined, entrySchemas[kind], call);
    return toEntry(this.same(reference, found, false));
  }

  async page(
    kind: EntryKind,
    after: string | null,
    call: CallContext,
    limit = this.pageSize,
  ): Promise<Page> {
    const query = new URLSearchParams({ limit: String(limit), ...(after !== null && { after }) });
    const path = `/${kind}s?${query.toString()}`;
    return toPage(await this.ask('GET', path, undefined, pageSchemas[kind], call));
  }

  /** In a body, for what is searched for is personal data, and addresses end up in everybody's logs. */
  async search(
    kind: EntryKind,
    match: readonly CorrelationKey[],
    after: string | null,
    call: CallContext,
  ): Promise<Page> {
    const body = { match, limit: this.pageSize, ...(after !== null && { after }) };
    const path = `/${kind}s/search`;
    return toPage(await this.ask('POST', path, body, pageSchemas[kind], call));
  }

  create(kind: EntryKind, entry: NewEntry, call: CallContext): Promise<WrittenEntry> {
    return this.ask('POST', `/${kind}s`, entry, writtenSchema, call);
  }

  async patch(
    kind: EntryKind,
    reference: string,
    patch: Patch,
    call: CallContext,
  ): Promise<WrittenEntry> {
    const written = await this.ask('PATCH', at(kind, reference), patch, writtenSchema, call);
    return this.same(reference, written, true);
  }

  /** Answers the ids among `add` that are no users there. */
  async members(
    reference: string,
    ids: MemberIds,
    call: CallContext,
  ): Promise<z.infer<typeof membersSchema>> {
    const path = `${at('group', reference)}/members`;
    return this.same(reference, await this.ask('PATCH', path, ids, membersSchema, call), true);
  }

  async remove(kind: EntryKind, reference: string, call: CallContext): Promise<void> {
    await this.exchange('DELETE', at(kind, reference), undefined, call);
  }

  close(): void {
    this.transport.close();
  }

  private async ask<Schema extends z.ZodType>(
    method: string,
    path: string,
    body: object | undefined,
    schema: Schema,
    call: CallContext,
  ): Promise<z.infer<Schema>> {
    const answer = await this.exchange(method, path, body, call);
    const result = schema.safeParse(parsed(answer.body));
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    const where = issue?.path.join('.') ?? '';
    const what = `${method} ${path.split('?')[0]}: ${where || 'the body'}: ${issue?.message ?? ''}`;
    throw nonsense(what, this.circumstances(method, path));
  }

  private async exchange(
    method: string,
    path: string,
    body: object | undefined,
    call: CallContext,
  ): Promise<Answer> {
    const circumstances = this.circumstances(method, path);
    const { writes } = circumstances;
    const text = body ? JSON.stringify(body) : '';
    const answer = await this.transport.exchange({ method, path, body: text, writes }, call);
    if ([200, 201, 204].includes(answer.status)) return answer;
    if (answer.status < 300) throw nonsense(`it answers ${answer.status}`, circumstances);
    throw refusal(answer, circumstances);
  }

  private circumstances(method: string, path: string): Circumstances {
    const writes = method !== 'GET' && !path.endsWith('/search');
    return { host: this.host, secret: this.secrets.secret, writes };
  }

  private same<Found extends WrittenEntry>(
    reference: string,
    found: Found,
    writes: boolean,
  ): Found {
    if (found.id === reference) return found;
    const { host } = this;
    throw nonsense('it answers with another id', { host, secret: this.secrets.secret, writes });
  }
}

function at(kind: EntryKind, reference: string): string {
  return `/${kind}s/${reference}`;
}

function pageOf<Schema extends z.ZodType>(entry: Schema) {
  // `next` may not be left out: a list without it could be all of the entries, or what fitted.
  return z.object({ entries: z.array(entry), next: z.string().min(1).nullable() });
}

function toPage({ entries, next }: z.infer<typeof pageSchemas.user>): Page {
  return { entries: entries.map(toEntry), next };
}

function toEntry(found: z.infer<typeof entrySchemas.user>): Entry {
  return {
    reference: found.id,
    name: found.name,
    attributes: { ...found.attributes, [NAME]: [found.name] },
    active: found.active,
    ...(typeof found.owner === 'string' && { owner: found.owner }),
  };
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

function isAttributes(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(
      (values) => Array.isArray(values) && values.every((text) => typeof text === 'string'),
    )
  );
}
