/** Reads the audit trail: the port `AuditReader`. */
import { v7 as timeOrderedId } from 'uuid';
import { type AuditEvent, DELIVERY_ACTIONS } from '../domain/audit';
import { type AuditFilter, type AuditPosition, type AuditReader } from '../domain/audit-ports';
import { type Page } from '../domain/ports';
import { toEvent } from './audit-trail';
import { documents } from './documents';
import { type Query } from './filter-comparison';
import { type AuditEventDocument, type AuditModels } from './models/audit.model';

type Listed = AuditFilter & { readonly after?: string; readonly limit: number };

/** How far events may be put into chains out of order. */
const OVERLAP_MS = 5_000;
const MOST_SEEN = 20_000;

export class MongoAuditReader implements AuditReader {
  constructor(private readonly models: AuditModels) {}

  /** One of several actions is asked for by itself: then every query is a range of one index, in its order. */
  async list(query: Listed): Promise<Page<AuditEvent>> {
    const { limit } = query;
    const lists = await Promise.all(
      actionsIn(query).map((action) =>
        documents(this.models.events)
          .find(conditions(query, action), { sort: { event: -1 }, limit: limit + 1 })
          .toArray(),
      ),
    );
    const found = lists.flat().sort((one, other) => (one.event > other.event ? -1 : 1));
    return { items: found.slice(0, limit).map(toEvent), hasMore: found.length > limit };
  }

  async findAll(ids: readonly string[]): Promise<readonly AuditEvent[]> {
    const found = await documents(this.models.events)
      .find({ event: { $in: [...ids] } }, { batchSize: ids.length + 1 })
      .toArray();
    return found.map(toEvent);
  }

  async tail(
    after: AuditPosition | undefined,
    limit: number,
  ): Promise<{ readonly events: readonly AuditEvent[]; readonly position: AuditPosition }> {
    if (after === undefined) return { events: [], position: await this.end() };
    const from = idAt(timeOf(after.recorded) - OVERLAP_MS);
    // Only the keys, since most of these were answered a moment ago.
    const keys = await documents(this.models.events)
      .find<Pick<AuditEventDocument, 'event' | 'recorded'>>(
        { recorded: { $gt: from } },
        {
          projection: { _id: 0, event: 1, recorded: 1 },
          sort: { recorded: 1 },
          limit: Math.min(MOST_SEEN, after.seen.size + limit),
        },
      )
      .toArray();
    const fresh = keys.filter(({ event }) => !after.seen.has(event)).slice(0, limit);
    const found = new Map(
      (await this.findAll(fresh.map(({ event }) => event))).map((one) => [one.id, one]),
    );
    return {
      events: fresh.flatMap(({ event }) => found.get(event) ?? []),
      position: positionAfter(after, keys, fresh),
    };
  }

  /** What is there already is not told, also what is so young that others may still come before it. */
  private async end(): Promise<AuditPosition> {
    const recorded = timeOrderedId();
    const young = await documents(this.models.events)
      .find<Pick<AuditEventDocument, 'event'>>(
        { recorded: { $gt: idAt(timeOf(recorded) - OVERLAP_MS) } },
        { projection: { _id: 0, event: 1 }, sort: { recorded: 1 }, limit: MOST_SEEN },
      )
      .toArray();
    return { recorded, seen: new Set(young.map(({ event }) => event)) };
  }
}

type Key = Pick<AuditEventDocument, 'event' | 'recorded'>;

function positionAfter(
  after: AuditPosition,
  keys: readonly Key[],
  fresh: readonly Key[],
): AuditPosition {
  const told = new Set([...after.seen, ...fresh.map(({ event }) => event)]);
  const last = fresh.at(-1)?.recorded ?? after.recorded;
  const recorded = last > after.recorded ? last : after.recorded;
  const young = idAt(timeOf(recorded) - OVERLAP_MS);
  const seen = keys.filter((key) => key.recorded > young && told.has(key.event));
  return { recorded, seen: new Set(seen.map(({ event }) => event)) };
}

function actionsIn({ actions, outcomes }: AuditFilter): readonly (string | undefined)[] {
  const implied = outcomes?.map((outcome) => DELIVERY_ACTIONS[outcome]);
  const known = implied?.every((action) => action !== undefined)
    ? [...new Set(implied)]
    : undefined;
  if (actions === undefined) return known ?? [undefined];
  const wanted = [...new Set(actions)];
  return known === undefined ? wanted : wanted.filter((action) => known.includes(action));
}

function conditions(query: Listed, action: string | undefined): Query {
  const { chain, resourceId, targetId, actorId, category, outcomes, requestId } = query;
  const { generation, since, until, after } = query;
  const range = {
    ...(since === undefined ? {} : { $gte: idAt(since.getTime()) }),
    ...upTo(until, after),
  };
  return {
    ...(chain === undefined ? {} : { chain }),
    ...(resourceId === undefined ? {} : { 'resource.id': resourceId }),
    ...(targetId === undefined ? {} : { 'target.id': targetId }),
    ...(actorId === undefined ? {} : { 'actor.id': actorId }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(category === undefined ? {} : { category }),
    ...(action === undefined ? {} : { action }),
    ...(outcomes === undefined ? {} : { outcome: { $in: [...outcomes] } }),
    ...(Object.keys(range).length === 0 ? {} : { event: range }),
    ...(generation === undefined ? {} : ofGeneration(generation)),
  };
}

function upTo(until: Date | undefined, after: string | undefined): { readonly $lt?: string } {
  const ends = [
    ...(until === undefined ? [] : [idAt(until.getTime())]),
    ...(after === undefined ? [] : [after]),
  ];
  const [first, second] = ends.sort();
  return first === undefined
    ? {}
    : { $lt: second === undefined || first < second ? first : second };
}

/** The change that made it, and the deliveries that carried it out. */
function ofGeneration(generation: number): Query {
  return {
    $or: [
      { category: 'CHANGE', generation },
      {
        category: 'DELIVERY',
        generation: { $gte: generation },
        fromGeneration: { $lt: generation },
      },
    ],
  };
}

/** The least id of a moment: ids begin with the milliseconds since 1970 (RFC 9562 section 5.7). */
function idAt(ms: number): string {
  const digits = Math.max(0, Math.floor(ms)).toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}-0000-0000-000000000000`;
}

function timeOf(id: string): number {
  return Number.parseInt(`${id.slice(0, 8)}${id.slice(9, 13)}`, 16);
}
