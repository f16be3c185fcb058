/** What an identity provider asks of a process, and what is known of it afterwards. */
import { type MembershipDelta, type ScimObject } from '../../src/domain/resource';
import { standardSchemas } from '../../src/domain/standard-schemas';
import { type SyncRule } from '../../src/domain/sync-rule';
import { type Known, sameAttributes, type Thing } from './known';
import { type SimulatedProcess } from './processes';

export interface Request {
  readonly carriedOut: (process: SimulatedProcess) => Promise<void>;
  /** Called when it fails or its process dies: nobody knows what came of it. */
  readonly undone?: () => void;
}

interface Draft {
  readonly rule: SyncRule;
  readonly resourceType: string;
  readonly attributes: ScimObject;
  readonly members: readonly Thing[];
}

export class Client {
  constructor(private readonly known: Known) {}

  create({ rule: { id: ruleId }, resourceType, attributes, members }: Draft): Request {
    const attempt = this.known.attempted(ruleId, resourceType, attributes);
    return {
      carriedOut: async ({ store, engine }) => {
        try {
          const made = await store.resources.insert(
            { ruleId, resourceType, attributes, members: members.map(({ id }) => id) },
            schemaOf(resourceType),
          );
          this.known.made(made, members);
          engine.changeListener.resourceChanged(made);
        } catch (error) {
          if ((error as { readonly code?: unknown }).code === 'uniqueness') attempt.refused();
          throw error;
        }
      },
    };
  }

  change(thing: Thing, change: ScimObject): Request {
    const wanted = thing.begin(change);
    return {
      carriedOut: async ({ store, engine }) => {
        for (let attempt = 0; attempt < 5; attempt += 1) {
          const current = await store.resources.find(thing.scope, thing.id);
          if (!current) break;
          const attributes = { ...current.attributes, ...change };
          // What changes nothing is not written (RFC 7644 section 3.5.2).
          if (sameAttributes(attributes, current.attributes)) return thing.settle(current);
          const schema = schemaOf(thing.scope.resourceType);
          const changed = await store.resources.update(current, attributes, schema);
          if (!changed) continue;
          thing.settle(changed);
          engine.changeListener.resourceChanged(changed);
          return;
        }
        thing.unsettle(wanted);
      },
      undone: () => thing.unsettle(wanted),
    };
  }

  remove(thing: Thing): Request {
    thing.beginRemoval();
    return {
      carriedOut: async ({ store, engine }) => {
        thing.settleRemoval(await store.resources.remove(thing.scope, thing.id));
        engine.changeListener.resourceChanged({ id: thing.id, ruleId: thing.scope.ruleId });
      },
      undone: () => thing.unsettle(),
    };
  }

  changeMembers(group: Thing, delta: MembershipDelta): Request {
    group.beginMembers();
    return {
      carriedOut: async ({ store, engine }) => {
        const changed = await store.resources.changeMembers(group.scope, group.id, delta);
        group.settleMembers(delta, changed !== undefined);
        if (changed) engine.changeListener.resourceChanged(changed);
      },
      undone: () => group.unsettleMembers(),
    };
  }
}

function schemaOf(resourceType: string) {
  const schema = standardSchemas.get(resourceType);
  if (!schema) throw new Error(`No resource type ${resourceType}`);
  return schema;
}
