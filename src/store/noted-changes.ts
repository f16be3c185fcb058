/** What a write of a resource notes for the audit trail, in that very write. */
import { v7 as timeOrderedId } from 'uuid';
import {
  type AuditSample,
  type ChangeOrigin,
  type NotedChange,
  SYSTEM_ACTOR,
} from '../domain/audit';
import { attributeChanges, nameIn, sampleOf, secretAttributes } from '../domain/audit-values';
import {
  type MembershipDelta,
  type NewResource,
  type Resource,
  type ResourceChange,
  type ScimObject,
} from '../domain/resource';
import { type ResourceSchema } from '../domain/schema-table';
import { type MemberRequest } from './member-changes';

const NOBODY: AuditSample = { count: 0, first: [] };
const SYSTEM: ChangeOrigin = { actor: SYSTEM_ACTOR };

type Noted = Omit<NotedChange, 'id' | 'at' | 'origin'>;

function note(noted: Noted, origin: ChangeOrigin | undefined, at: Date): NotedChange {
  return { id: timeOrderedId(), at, origin: origin ?? SYSTEM, ...noted };
}

/** The members are looked up once more by who reads it: who was there already, or is gone by now, does not count. */
export function creation(
  { attributes, members = [], origin }: NewResource,
  schema: ResourceSchema,
  at: Date,
): NotedChange {
  const name = nameIn(attributes);
  const noted: Noted = {
    action: 'created',
    generation: 1,
    ...(name === undefined ? {} : { name }),
    changes: attributeChanges({}, attributes, secretAttributes(schema)),
    ...(members.length === 0
      ? {}
      : { members: { added: sampleOf(members), removed: NOBODY, exact: true } }),
  };
  return note(noted, origin, at);
}

export function update(
  current: Resource,
  attributes: ScimObject,
  schema: ResourceSchema,
  { members, origin }: ResourceChange,
  at: Date,
): NotedChange {
  const name = nameIn(attributes);
  const noted: Noted = {
    action: 'changed',
    generation: current.generation + 1,
    ...(name === undefined ? {} : { name }),
    changes: attributeChanges(current.attributes, attributes, secretAttributes(schema)),
    ...(members === undefined ? {} : { members: askedFor(members) }),
  };
  return note(noted, origin, at);
}

/** Its attributes stay in the document and need not be noted. */
export function deletion(
  origin: ChangeOrigin | undefined,
  schema: ResourceSchema | undefined,
  at: Date,
): NotedChange {
  const secret = schema === undefined ? [] : secretAttributes(schema);
  return note({ action: 'deleted', ...(secret.length === 0 ? {} : { secret }) }, origin, at);
}

/** Somebody who was deleted is taken out of a group. */
export function expulsion(ids: readonly string[], at: Date): NotedChange {
  return note(
    { action: 'changed', members: { added: NOBODY, removed: sampleOf(ids), exact: true } },
    SYSTEM,
    at,
  );
}

/** What is known of a group's members just before they change. */
export interface MembersBefore {
  readonly generation: number;
  /** Of those that are named. */
  readonly present: ReadonlySet<string>;
  /** All of them; counted only where all are replaced. */
  readonly total: number;
}

/** One note for each request that changes something; `before` is certain to be true when they are written. */
export function memberChanges(
  requests: readonly MemberRequest[],
  before: MembersBefore,
  at: Date,
): readonly NotedChange[] {
  const [only] = requests;
  if (requests.some(({ delta }) => delta.replaceAll)) {
    if (requests.length > 1 || !only) return requestedChanges(requests, at);
    const added = only.delta.add.filter((id) => !before.present.has(id));
    const kept = only.delta.add.length - added.length;
    const removed = { count: before.total - kept, first: [] };
    const members = { added: sampleOf(added), removed, exact: removed.count === 0 };
    return [memberNote({ members, generation: before.generation + 1 }, only, at)];
  }
  const present = new Set(before.present);
  return requests.flatMap((request) => {
    const { delta } = request;
    const added = delta.add.filter((id) => !present.has(id));
    const removed = delta.remove.filter((id) => present.has(id));
    if (added.length + removed.length === 0) return [];
    for (const id of added) present.add(id);
    for (const id of removed) present.delete(id);
    const members = { added: sampleOf(added), removed: sampleOf(removed), exact: true };
    return memberNote({ members, generation: before.generation + 1 }, request, at);
  });
}

/** Beside changes of others it is not known what each request makes a difference to. */
export function requestedChanges(
  requests: readonly MemberRequest[],
  at: Date,
): readonly NotedChange[] {
  return requests.map((request) => memberNote({ members: askedFor(request.delta) }, request, at));
}

function memberNote(
  noted: Pick<NotedChange, 'members' | 'generation'>,
  { origin }: MemberRequest,
  at: Date,
): NotedChange {
  return note({ action: 'changed', ...noted }, origin, at);
}

function askedFor({ add, remove }: MembershipDelta): NonNullable<NotedChange['members']> {
  return { added: sampleOf(add), removed: sampleOf(remove), exact: false };
}
