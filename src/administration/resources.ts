import { setTimeout as pause } from 'node:timers/promises';
import { type Binding, type BindingState } from '../domain/binding';
import { DomainError } from '../domain/error';
import { type ChangeOrigin } from '../domain/audit';
import { type Modification, type ProvisioningScope } from '../domain/provisioning';
import { type GROUP, type Resource, USER } from '../domain/resource';
import { profiles } from '../domain/validation';
import { refused, type Issue, type Outcome } from './issue';
import { type AdministrationPorts } from './ports';

/** The types of resources that administrators command. */
export type ResourceKind = typeof USER | typeof GROUP;

/** What came of a delivery to one target. */
export interface TargetOutcome {
  readonly targetId: string;
  /** Absent: the resource is not yet fanned out to it. */
  readonly binding?: Binding;
  /** Whether the target was done with it; otherwise it is delivered later. */
  readonly done: boolean;
}

/** A resource and what came of its delivery to every target of its rule. */
export interface Synced {
  readonly resource: Resource;
  readonly outcomes: readonly TargetOutcome[];
}

export const MAX_SYNC_WAIT_SECONDS = 10;

/** So many commands wait for targets at the same time; more are carried out as well, and answer at once. */
const MOST_WAITING = 50;
const FIRST_LOOK_MS = 20;
const LONGEST_PAUSE_MS = 250;

const UNDER_WAY: ReadonlySet<BindingState> = new Set(['PENDING', 'DELIVERING']);

type Ports = Pick<
  AdministrationPorts,
  'resources' | 'syncRules' | 'targets' | 'schemas' | 'bindings' | 'delivery' | 'provisioning'
>;

/** What administrators do to users and groups. They change them as a SCIM client would (requirements B6, D6). */
export class Resources {
  private waiting = 0;

  constructor(private readonly ports: Ports) {}

  /** Delivers to every target of the rule, now, and waits so long at most for what comes of it. */
  async sync(kind: ResourceKind, id: string, waitSeconds: number): Promise<Outcome<Synced>> {
    if (!(waitSeconds >= 0 && waitSeconds <= MAX_SYNC_WAIT_SECONDS)) {
      const message = `Wait for 0 to ${String(MAX_SYNC_WAIT_SECONDS)} seconds.`;
      return refused('INVALID', ['waitSeconds'], message);
    }
    const resource = await this.find(kind, id);
    if (resource === undefined) return noSuch(kind);
    const targetIds = await this.ports.delivery.deliver(resource);
    if (targetIds.length === 0) return noSuch(kind);
    return { value: { resource, outcomes: await this.wait(resource, targetIds, waitSeconds) } };
  }

  /** Locks a user out of every target, or lets it in again. The identity provider reads it, and its next word counts. */
  async setActive(id: string, active: boolean, origin?: ChangeOrigin): Promise<Outcome<Resource>> {
    return this.change(id, origin, async (scope) => {
      const modification: Modification = {
        onlyMembers: false,
        apply: async (attributes) => ({ attributes: { ...attributes, active } }),
      };
      return this.ports.provisioning.modify(scope, id, modification);
    });
  }

  /** The user is gone for its identity provider at once, and from the targets by the policies of the rule. */
  async delete(id: string, origin?: ChangeOrigin): Promise<Outcome<Resource>> {
    return this.change(id, origin, async (scope, user) => {
      await this.ports.provisioning.delete(scope, id);
      return (await this.find(USER, id)) ?? user;
    });
  }

  private async change(
    id: string,
    origin: ChangeOrigin | undefined,
    act: (scope: ProvisioningScope, user: Resource) => Promise<Resource>,
  ): Promise<Outcome<Resource>> {
    const user = await this.find(USER, id);
    const rule = user && !user.deletedAt && (await this.ports.syncRules.find(user.ruleId));
    if (!user || !rule) return noSuch(USER);
    const schema = this.ports.schemas.of(rule).get(USER);
    if (schema === undefined) return noSuch(USER);
    const profile = profiles[rule.scimProfile];
    const scope = {
      ruleId: rule.id,
      resourceType: USER,
      schema,
      profile,
      roles: rule,
      ...(origin === undefined ? {} : { origin }),
    };
    try {
      return { value: await act(scope, user) };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      if (error.code === 'notFound') return noSuch(USER);
      if (error.code === 'conflict') return refused('CONFLICT', ['id'], error.message);
      throw error;
    }
  }

  /** Deleted ones too, as long as they exist. */
  private async find(kind: ResourceKind, id: string): Promise<Resource | undefined> {
    const [resource] = await this.ports.resources.findAll([id]);
    return resource?.resourceType === kind ? resource : undefined;
  }

  private async wait(
    resource: Resource,
    targetIds: readonly string[],
    seconds: number,
  ): Promise<readonly TargetOutcome[]> {
    const patient = this.waiting < MOST_WAITING;
    const end = performance.now() + (patient ? seconds * 1_000 : 0);
    this.waiting += 1;
    try {
      const paused = await this.pausedAmong(targetIds);
      // What failed once is an outcome, though it is tried again while others are waited for.
      const known = new Map<string, TargetOutcome>();
      for (let ms = FIRST_LOOK_MS; ; ms = Math.min(ms * 2, LONGEST_PAUSE_MS)) {
        for (const outcome of await this.outcomes(resource, targetIds)) {
          if (!known.get(outcome.targetId)?.done) known.set(outcome.targetId, outcome);
        }
        const outcomes = [...known.values()];
        const left = end - performance.now();
        const open = outcomes.some(({ targetId, done }) => !done && !paused.has(targetId));
        if (!open || left <= 0) return outcomes;
        await pause(Math.min(ms, left));
      }
    } finally {
      this.waiting -= 1;
    }
  }

  /** Nothing is to be expected of a target that is paused. */
  private async pausedAmong(targetIds: readonly string[]): Promise<ReadonlySet<string>> {
    const targets = await this.ports.targets.findAll(targetIds);
    return new Set(targets.filter((one) => one.pausedAt !== undefined).map(({ id }) => id));
  }

  private async outcomes(
    { id, generation }: Resource,
    targetIds: readonly string[],
  ): Promise<readonly TargetOutcome[]> {
    const bindings = (await this.ports.bindings.ofResources([id])).get(id) ?? [];
    return targetIds.map((targetId) => {
      const binding = bindings.find((one) => one.targetId === targetId);
      if (binding === undefined) return { targetId, done: false };
      const done = binding.generation >= generation && !UNDER_WAY.has(binding.state);
      return { targetId, binding, done };
    });
  }
}

function noSuch(kind: ResourceKind): { readonly issues: readonly Issue[] } {
  return refused('NOT_FOUND', ['id'], `There is no such ${kind.toLowerCase()}.`);
}
