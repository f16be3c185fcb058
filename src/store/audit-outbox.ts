/** Takes to the audit trail what was noted in resources and bindings: the port `AuditOutbox`. */
import {
  type AuditFact,
  type AuditMembers,
  DELIVERY_ACTIONS,
  type NotedChange,
  type NotedDelivery,
  SYSTEM_ACTOR,
} from '../domain/audit';
import { type AuditOutbox, type AuditRecorder } from '../domain/audit-ports';
import { attributeChanges, nameIn, sampleOf } from '../domain/audit-values';
import { type PendingResource } from '../domain/delivery-ports';
import { type ScimObject } from '../domain/resource';
import { fromStored } from './attribute-keys';
import { documents } from './documents';
import { type BindingDocument, type BindingModel } from './models/binding.model';
import { type MembershipModel } from './models/membership.model';
import { type ResourceDocument, type ResourceModel } from './models/resource.model';

const MOST_SAMPLES = 20;

type NotedBinding = Pick<
  BindingDocument,
  '_id' | 'ruleId' | 'targetId' | 'resourceId' | 'resourceType' | 'noted'
>;

/** Changes of one resource, and what has to be looked up of it. */
interface Changed {
  readonly resource: PendingResource;
  /** As they were when it was deleted. */
  readonly attributes: ScimObject | undefined;
}

export class MongoAuditOutbox implements AuditOutbox {
  constructor(
    private readonly models: {
      readonly resources: ResourceModel;
      readonly memberships: MembershipModel;
      readonly bindings: BindingModel;
    },
    private readonly trail: AuditRecorder,
  ) {}

  async recordChanges(resources: readonly PendingResource[]): Promise<void> {
    const changed = resources.filter(({ noted }) => noted.length > 0);
    if (changed.length === 0) return;
    const deleted = changed.filter((one) => one.noted.some(({ action }) => action === 'deleted'));
    const attributes = await this.attributesOf(deleted.map(({ id }) => id));
    const facts: AuditFact[] = [];
    for (const resource of changed) {
      facts.push(...(await this.factsOf({ resource, attributes: attributes.get(resource.id) })));
    }
    await this.trail.record(facts);
  }

  async recordDeliveries(bindingIds: readonly string[]): Promise<void> {
    const some = { _id: { $in: [...bindingIds] }, notedAt: { $exists: true } };
    const found = await documents(this.models.bindings)
      .find<NotedBinding>(some, { projection: NOTED, batchSize: bindingIds.length + 1 })
      .toArray();
    if (found.length === 0) return;
    await this.trail.record(found.flatMap(deliveryFacts));
    const ids = found.map(({ _id }) => _id);
    const recorded = found.flatMap(({ noted = [] }) => noted.map(({ id }) => id));
    await documents(this.models.bindings).bulkWrite([
      {
        updateMany: {
          filter: {
            _id: { $in: ids },
            noted: { $not: { $elemMatch: { id: { $nin: recorded } } } },
          },
          update: { $unset: { noted: '', notedAt: '' } },
        },
      },
      {
        updateMany: {
          filter: { _id: { $in: ids }, 'noted.id': { $in: recorded } },
          update: { $pull: { noted: { id: { $in: recorded } } } },
        },
      },
    ]);
  }

  async waitingBindings(before: Date, limit: number): Promise<readonly string[]> {
    const found = await documents(this.models.bindings)
      .find<Pick<BindingDocument, '_id'>>(
        { notedAt: { $lte: before } },
        { projection: { _id: 1 }, sort: { notedAt: 1, _id: 1 }, limit },
      )
      .toArray();
    return found.map(({ _id }) => _id);
  }

  private async factsOf({ resource, attributes }: Changed): Promise<readonly AuditFact[]> {
    const { noted } = resource;
    const facts: AuditFact[] = [];
    for (const [index, note] of noted.entries()) {
      // Each note came with one generation; those who could not know theirs are counted from the end.
      const generation = note.generation ?? resource.generation - (noted.length - 1 - index);
      const isAlone = noted.every((other) => other === note || other.generation !== generation);
      const members = note.members?.exact
        ? plainMembers(note.members)
        : note.members && (await this.membersOf(resource, generation, note.members, isAlone));
      const changes = changesOf(note, attributes);
      const isNothing = note.action === 'changed' && !members && (changes ?? []).length === 0;
      if (isNothing) continue;
      facts.push(changeFact(resource, note, { generation, changes, members, attributes }));
    }
    return facts;
  }

  /** Who really came and went stands in the memberships, unless they have changed once more since. */
  private async membersOf(
    { id: groupId, generation: latest }: PendingResource,
    generation: number,
    asked: AuditMembers,
    isAlone: boolean,
  ): Promise<AuditMembers | undefined> {
    if (!isAlone) return plainMembers(asked);
    const [added, removed] = await Promise.all(
      [true, false].map(async (present) => {
        const filter = { groupId, generation, present };
        const [count, some] = await Promise.all([
          this.models.memberships.countDocuments(filter).exec(),
          documents(this.models.memberships)
            .find(filter, { projection: { memberId: 1 }, limit: MOST_SAMPLES })
            .toArray(),
        ]);
        return { count, first: sampleOf(some.map(({ memberId }) => memberId)).first };
      }),
    );
    if (!added || !removed) return undefined;
    if (added.count + removed.count > 0) return { added, removed };
    return generation === latest ? undefined : plainMembers(asked);
  }

  private async attributesOf(ids: readonly string[]): Promise<ReadonlyMap<string, ScimObject>> {
    if (ids.length === 0) return new Map();
    const found = await documents(this.models.resources)
      .find<Pick<ResourceDocument, '_id' | 'attributes'>>(
        { _id: { $in: [...ids] } },
        { projection: { attributes: 1 }, batchSize: ids.length + 1 },
      )
      .toArray();
    return new Map(found.map(({ _id, attributes }) => [_id, fromStored(attributes)]));
  }
}

const NOTED = { ruleId: 1, targetId: 1, resourceId: 1, resourceType: 1, noted: 1 } as const;

function changesOf(note: NotedChange, attributes: ScimObject | undefined): AuditFact['changes'] {
  if (note.action !== 'deleted' || attributes === undefined) return note.changes;
  return attributeChanges(attributes, {}, note.secret ?? []);
}

function plainMembers({ added, removed }: AuditMembers): AuditMembers {
  return { added, removed };
}

function changeFact(
  { id: resourceId, ruleId, resourceType }: PendingResource,
  { id, at, action, origin, name: noted }: NotedChange,
  found: {
    readonly generation: number;
    readonly changes: AuditFact['changes'];
    readonly members: AuditMembers | undefined;
    readonly attributes: ScimObject | undefined;
  },
): AuditFact {
  const { generation, changes, members, attributes } = found;
  const name = noted ?? (attributes && nameIn(attributes));
  return {
    id,
    at,
    chain: ruleId,
    category: 'CHANGE',
    action: `${WORDS[resourceType] ?? 'resource'}.${action}`,
    outcome: 'DONE',
    actor: origin.actor,
    ...(origin.requestId === undefined ? {} : { requestId: origin.requestId }),
    resource: { type: resourceType, id: resourceId, ...(name === undefined ? {} : { name }) },
    generation,
    ...(changes === undefined || changes.length === 0 ? {} : { changes }),
    ...(members === undefined ? {} : { members }),
  };
}

const WORDS: Readonly<Record<string, string>> = { User: 'user', Group: 'group' };

function deliveryFacts(binding: NotedBinding): readonly AuditFact[] {
  return (binding.noted ?? []).map((note) => deliveryFact(binding, note));
}

function deliveryFact(
  { ruleId, targetId, resourceId, resourceType }: NotedBinding,
  { name, targetName, ...note }: NotedDelivery,
): AuditFact {
  return {
    ...note,
    chain: ruleId,
    category: 'DELIVERY',
    action: DELIVERY_ACTIONS[note.outcome] ?? 'entry.delivered',
    actor: SYSTEM_ACTOR,
    resource: { type: resourceType, id: resourceId, ...(name === undefined ? {} : { name }) },
    target: { id: targetId, ...(targetName === undefined ? {} : { name: targetName }) },
  };
}
