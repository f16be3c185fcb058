/** Many operations in one request (RFC 7644 section 3.7). */
import { DomainError } from '../domain/error';
import { GROUP } from '../domain/resource';
import { type ResourceSchema } from '../domain/schema-table';
import { BULK_REQUEST, PATCH_OP } from '../domain/validation';
import { inOrder, inWaves, namesIn, type Ordered, type Placed } from './bulk-order';
import { bulkIdIn, partedFrom, referencesIn, replaceReferences } from './bulk-references';
import { type BulkOperation, type BulkTarget, parseBulk, targetOf } from './bulk-request';
import { errorResponse, isUnexpected } from './error';
import { type Handler, type ScimRequest, type ScimResponse } from './http';
import { type QueryParameters } from './query-parameters';
import { type ResourceHandlers, schemaOf } from './resources';
import { location } from './representation/resource';

const BULK_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:BulkResponse';

/** Told of errors that a client cannot mend. */
export type UnexpectedErrors = (error: unknown) => void;

export function bulkHandler(handlers: ResourceHandlers, unexpected: UnexpectedErrors): Handler {
  return async (request) => {
    request.profile.checkMessage(BULK_REQUEST, request.body);
    const { operations, failOnErrors } = parseBulk(request.body);
    const job = new BulkJob(request, handlers, unexpected);
    const results = await job.run(operations, failOnErrors ?? Number.POSITIVE_INFINITY);
    return { status: 200, body: { schemas: [BULK_RESPONSE], Operations: results } };
  };
}

interface Task extends Ordered {
  readonly source: BulkOperation;
  /** What it is about; or why that cannot be told. */
  readonly work: { readonly target: BulkTarget; readonly schema: ResourceSchema } | Error;
}

/** A resource that was made without its circular references (RFC 7644 section 3.7.1). */
interface Incomplete {
  readonly task: Task;
  readonly id: string;
  readonly additions: readonly object[];
  readonly missing: ReadonlySet<string>;
}

/** One bulk request on its way. */
class BulkJob {
  private readonly results = new Map<BulkOperation, object>();
  /** The ids behind bulkIds; undefined: there is a bulkId, but its operation failed. */
  private readonly made = new Map<string, string | undefined>();
  private readonly incomplete = new Set<Incomplete>();
  private readonly bulkIds = new Set<string>();
  private errors = 0;

  constructor(
    private readonly request: ScimRequest,
    private readonly handlers: ResourceHandlers,
    private readonly unexpected: UnexpectedErrors,
  ) {}

  /** The results in the order in which the operations were sent; what was not carried out has none. */
  async run(sources: readonly BulkOperation[], failOnErrors: number): Promise<readonly object[]> {
    const order = inOrder(sources.map((source) => this.taskOf(source)));
    // After the last error that is accepted nothing more may be done, so then it is one after the other.
    const oneByOne = Number.isFinite(failOnErrors);
    for (const wave of oneByOne ? order.map((placed) => [placed]) : inWaves(order)) {
      if (this.errors >= failOnErrors) break;
      await Promise.all(wave.map((placed) => this.carryOut(placed)));
      await this.complete(({ missing }) => [...missing].every((bulkId) => this.made.has(bulkId)));
    }
    await this.complete(() => true);
    return sources.flatMap((source) => this.results.get(source) ?? []);
  }

  private taskOf(source: BulkOperation): Task {
    const broken = { source, method: 'PUT', place: '', references: new Set<string>(), names: [] };
    try {
      const target = targetOf(source);
      const schema = schemaOf(this.requestFor(target, undefined));
      const { method, endpoint, id = '' } = target;
      const references = new Set(referencesIn(source.data));
      const inPath = bulkIdIn(id);
      if (inPath !== undefined) references.add(inPath);
      // Not unique everywhere, but what value filters of PATCH may ask of others.
      const unique = [...schema.unique.map(({ attribute }) => attribute.name), 'displayName'];
      const names = namesIn(method, source.data, unique);
      const place = `${endpoint.toLowerCase()}/${id}`;
      const task = { source, method, place, references, names, work: { target, schema } };
      return method === 'POST' ? { ...task, ...this.maker(source) } : task;
    } catch (error) {
      if (error instanceof DomainError) return { ...broken, method: 'PUT', work: error };
      throw error;
    }
  }

  private maker({ bulkId }: BulkOperation): { readonly bulkId?: string } {
    const text = textOf(bulkId);
    if (text === undefined) return {};
    if (this.bulkIds.has(text)) {
      throw new DomainError(
        'invalidValue',
        `Another operation before this one has the bulkId "${text}" too. Give each its own.`,
        { field: 'bulkId' },
      );
    }
    this.bulkIds.add(text);
    return { bulkId: text };
  }

  private async carryOut({ operation: task, circular }: Placed<Task>): Promise<void> {
    let id: string | undefined;
    try {
      if (task.work instanceof Error) throw task.work;
      const { target } = task.work;
      this.checkReferences(task, circular);
      id = target.id && this.resolved(target.id);
      const { data, additions } =
        circular.size > 0
          ? partedFrom(task.source.data, circular)
          : { data: task.source.data, additions: [] };
      const response = await this.answerOf(task, id, replaceReferences(data, this.idOf));
      id ??= idAt(response);
      if (additions.length > 0 && id !== undefined) {
        this.incomplete.add({ task, id, additions, missing: circular });
      }
      this.succeed(task, id, response);
    } catch (error) {
      this.fail(task, id, error);
    }
  }

  private checkReferences({ references }: Task, circular: ReadonlySet<string>): void {
    for (const bulkId of references) {
      if (!this.bulkIds.has(bulkId)) {
        throw new DomainError(
          'invalidValue',
          `"bulkId:${bulkId}" refers to no POST operation of this request.`,
        );
      }
      if (this.made.get(bulkId) === undefined && !circular.has(bulkId)) throw unresolved(bulkId);
    }
  }

  /** Adds the references that were left out, as soon as they can be resolved or it is clear that they cannot. */
  private async complete(isDue: (one: Incomplete) => boolean): Promise<void> {
    for (const one of [...this.incomplete].filter(isDue)) {
      this.incomplete.delete(one);
      const { task, id, additions, missing } = one;
      try {
        for (const bulkId of missing) {
          if (this.made.get(bulkId) === undefined) throw unresolved(bulkId);
        }
        const Operations = replaceReferences(additions, this.idOf);
        const patch = { schemas: [PATCH_OP.schema], Operations };
        this.succeed(task, id, await this.answerOf({ ...task, method: 'PATCH' }, id, patch));
      } catch (error) {
        await this.undo(task, id, error);
      }
    }
  }

  /** An operation takes effect as a whole or not at all, so that it can be repeated. */
  private async undo(task: Task, id: string, cause: unknown): Promise<void> {
    try {
      await this.answerOf({ ...task, method: 'DELETE' }, id, undefined);
    } catch (error) {
      this.unexpected(error);
    }
    this.fail(task, undefined, cause);
  }

  private answerOf(task: Task, id: string | undefined, data: unknown): Promise<ScimResponse> {
    const { work, method, source } = task;
    if (work instanceof Error) throw work;
    const version = work.target.method === method ? textOf(source.version) : undefined;
    const target = { ...work.target, method, ...(id === undefined ? {} : { id }) };
    const request = this.requestFor(target, version, data);
    switch (method) {
      case 'POST':
        return this.handlers.create(request);
      case 'PUT':
        return this.handlers.replace(request);
      case 'PATCH':
        return this.handlers.modify(
          work.schema.type.name === GROUP ? { ...request, query: NOTHING } : request,
        );
      case 'DELETE':
        return this.handlers.remove(request);
    }
  }

  /** The request that the operation would be if it came alone. */
  private requestFor(
    { endpoint, id = '' }: BulkTarget,
    version: string | undefined,
    body?: unknown,
  ): ScimRequest {
    const parameters: Readonly<Record<string, string>> = { endpoint, id };
    return {
      ...this.request,
      headers: version === undefined ? {} : { 'if-match': version },
      parameter: (name) => parameters[name] ?? '',
      query: LITTLE,
      body,
    };
  }

  private readonly idOf = (bulkId: string): string | undefined => this.made.get(bulkId);

  private resolved(id: string): string {
    const bulkId = bulkIdIn(id);
    return bulkId === undefined ? id : (this.idOf(bulkId) ?? id);
  }

  private succeed(task: Task, id: string | undefined, { status, headers }: ScimResponse): void {
    if (task.bulkId !== undefined) this.made.set(task.bulkId, id);
    const version = headers?.['ETag'];
    const first = task.method === 'POST' ? 201 : status;
    this.results.set(task.source, {
      ...this.headOf(task, id),
      ...(version === undefined ? {} : { version }),
      status: String(first),
    });
  }

  private fail(task: Task, id: string | undefined, error: unknown): void {
    if (isUnexpected(error)) this.unexpected(error);
    if (task.bulkId !== undefined) this.made.set(task.bulkId, undefined);
    this.errors += 1;
    const { status, body } = errorResponse(error);
    const place = task.method === 'POST' ? undefined : id;
    this.results.set(task.source, {
      ...this.headOf(task, place),
      status: String(status),
      response: body,
    });
  }

  private headOf({ source, work }: Task, id: string | undefined): object {
    const known = !(work instanceof Error) && id !== undefined;
    const { baseUrl } = this.request;
    return {
      ...(known ? { location: location({ schema: work.schema, baseUrl }, id) } : {}),
      method: work instanceof Error ? source.method : work.target.method,
      ...(source.bulkId === undefined ? {} : { bulkId: source.bulkId }),
    };
  }
}

/** The results have no bodies, so as little as possible is read for them. */
const LITTLE: QueryParameters = new Map([['attributes', 'id']]);
const NOTHING: QueryParameters = new Map();

function idAt({ body }: ScimResponse): string | undefined {
  return body !== undefined && 'id' in body ? textOf(body.id) : undefined;
}

/** Some clients number their operations. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function unresolved(bulkId: string): DomainError {
  return new DomainError(
    'conflict',
    `"bulkId:${bulkId}" cannot be resolved, because the operation it refers to did not succeed.`,
  );
}
