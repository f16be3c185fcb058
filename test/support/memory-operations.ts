/** Operations in memory, with the semantics the port promises. */
import { v7 as timeOrderedId } from 'uuid';
import {
  type Operation,
  type OperationDraft,
  type OperationFilter,
  type OperationItem,
  type OperationItemFilter,
  type OperationRequester,
  type OperationStore,
} from '../../src/domain/operation';
import { type Page } from '../../src/domain/ports';

interface Started {
  readonly operation: Operation;
  readonly isNew: boolean;
}

export class MemoryOperationStore implements OperationStore {
  private readonly operations = new Map<string, Operation>();
  private readonly exclusive = new Map<string, string>();
  private readonly words = new Map<string, string>();
  private readonly noted = new Map<string, OperationItem[]>();

  async findAll(ids: readonly string[]): Promise<readonly Operation[]> {
    return ids.flatMap((id) => this.operations.get(id) ?? []);
  }

  async list(
    query: OperationFilter & { readonly after?: string; readonly limit: number },
  ): Promise<Page<Operation>> {
    const { after, limit } = query;
    const rest = this.matching(query)
      .sort((one, other) => (one.id > other.id ? -1 : 1))
      .filter(({ id }) => after === undefined || id < after);
    return { items: rest.slice(0, limit), hasMore: rest.length > limit };
  }

  async count(filter: OperationFilter): Promise<number> {
    return this.matching(filter).length;
  }

  async items(
    query: OperationItemFilter & { readonly after?: string; readonly limit: number },
  ): Promise<Page<OperationItem>> {
    const { after, limit } = query;
    const rest = this.matchingItems(query).filter(({ key }) => after === undefined || key > after);
    return { items: rest.slice(0, limit), hasMore: rest.length > limit };
  }

  async countItems(filter: OperationItemFilter): Promise<number> {
    return this.matchingItems(filter).length;
  }

  async version(id: string): Promise<number | undefined> {
    return this.operations.get(id)?.version;
  }

  async start(draft: OperationDraft, now: Date): Promise<Started> {
    const id = timeOrderedId();
    return this.begin({ ...draft, progress: { done: 0, counts: {} } }, id, id, now);
  }

  async resume(ended: Operation, requestedBy: OperationRequester, now: Date): Promise<Started> {
    const { kind, input, ruleId, targetId, progress, itemsOf } = ended;
    const draft = {
      kind,
      input,
      requestedBy,
      progress,
      resumes: ended.id,
      exclusive: this.words.get(ended.id) ?? `items ${itemsOf}`,
      ...(ruleId === undefined ? {} : { ruleId }),
      ...(targetId === undefined ? {} : { targetId }),
    };
    return this.begin(draft, timeOrderedId(), itemsOf, now);
  }

  async cancel(id: string, now: Date): Promise<Operation | undefined> {
    const operation = this.operations.get(id);
    if (operation?.state === 'QUEUED') {
      return this.put({ ...operation, state: 'CANCELLED', cancelledAt: now, finishedAt: now });
    }
    if (operation?.state === 'RUNNING') return this.put({ ...operation, cancelledAt: now });
    return operation;
  }

  /** As if it had been carried out. */
  put(operation: Operation): Operation {
    const next = { ...operation, version: operation.version + 1 };
    this.operations.set(next.id, next);
    return next;
  }

  putItems(itemsOf: string, items: readonly OperationItem[]): void {
    const known = new Map((this.noted.get(itemsOf) ?? []).map((item) => [item.key, item]));
    for (const item of items) known.set(item.key, item);
    const sorted = [...known.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
    this.noted.set(itemsOf, sorted);
  }

  private begin(
    draft: OperationDraft & Pick<Operation, 'progress'> & { readonly resumes?: string },
    id: string,
    itemsOf: string,
    now: Date,
  ): Started {
    const { exclusive = `items ${itemsOf}`, ...fields } = draft;
    const other = this.operations.get(this.exclusive.get(exclusive) ?? '');
    if (other && other.finishedAt === undefined) return { operation: other, isNew: false };
    this.exclusive.set(exclusive, id);
    this.words.set(id, exclusive);
    const queued = { ...fields, id, itemsOf, state: 'QUEUED', createdAt: now, version: 0 } as const;
    return { operation: this.put(queued), isNew: true };
  }

  private matching({ kinds, states, ruleId, targetId }: OperationFilter): Operation[] {
    return [...this.operations.values()].filter(
      (one) =>
        (kinds === undefined || kinds.includes(one.kind)) &&
        (states === undefined || states.includes(one.state)) &&
        (ruleId === undefined || one.ruleId === ruleId) &&
        (targetId === undefined || one.targetId === targetId),
    );
  }

  private matchingItems({
    itemsOf,
    outcomes,
    targetId,
  }: OperationItemFilter): readonly OperationItem[] {
    const items = this.noted.get(itemsOf) ?? [];
    return items.filter(
      ({ outcome, key }) =>
        (outcomes === undefined || outcomes.includes(outcome)) &&
        (targetId === undefined || key.startsWith(`${targetId}:`)),
    );
  }
}
