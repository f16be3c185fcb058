/** Looks at one entry and says whether it drifted. What is being delivered, or was meanwhile, has not. */
import { type Entry, type EntryRef } from '../../../connectors/spi';
import { type BindingState } from '../../domain/binding';
import {
  type BindingSweeps,
  type MemberRepair,
  type SweptBinding,
} from '../../domain/binding-sweep';
import { type DeliveryResources, type EntryReferences } from '../../domain/delivery-ports';
import { type DriftDetail, type DriftOutcome } from '../../domain/drift';
import { type Resource } from '../../domain/resource';
import { type Target } from '../../domain/target';
import { type DesiredEntries } from '../entries/desired-entries';
import { differencesOf } from './drift';
import { MappingFailed } from '../errors';
import { type Expectation, expectationOf } from './expectation';
import { type HostedConnector } from '../connectors/hosted-connector';
import { type MemberDrifts } from './member-drift';
import { entryKind } from '../entries/planner';
import { type RuleCache } from '../rule-cache';

export interface InspectionDeps {
  readonly sweeps: Pick<BindingSweeps, 'ofResources'>;
  readonly resources: Pick<DeliveryResources, 'findAll'>;
  readonly rules: Pick<RuleCache, 'get'>;
  readonly desired: DesiredEntries;
  readonly references: Pick<EntryReferences, 'namesOf'>;
  readonly members: MemberDrifts;
}

export interface Inspected {
  readonly target: Target;
  readonly connector: HostedConnector;
  readonly signal: AbortSignal;
}

/** `IN_STEP`: as it should be. `UNDER_WAY`: a delivery has yet to come, or waits for a person. */
export type Verdict =
  | { readonly outcome: 'IN_STEP' | 'UNDER_WAY' }
  | {
      readonly outcome: DriftOutcome;
      readonly detail: DriftDetail;
      readonly repairs: readonly MemberRepair[];
    };

/** With nothing to do these are as they are for good. */
export const SETTLED: readonly BindingState[] = ['SYNCED', 'OUT_OF_SCOPE', 'REMOVED'];

/** What waits for its deletion is disabled, and stays so until then. */
export function isSettled({ state, heldFor, isUnderWay }: SweptBinding): boolean {
  return !isUnderWay && (SETTLED.includes(state) || heldFor === 'DELETION_DELAY');
}

type Wanted = Exclude<Expectation, { readonly wants: 'nothing' }>;

function refOf({ reference = '', name = '' }: SweptBinding): EntryRef {
  return { reference, name };
}

function attributesOf(expectation: Wanted): readonly string[] {
  return expectation.wants === 'entry' ? Object.keys(expectation.attributes.authoritative) : [];
}

export class Inspection {
  constructor(
    private readonly deps: InspectionDeps,
    private readonly inspected: Inspected,
  ) {}

  /** The listed entry shows only what need not be looked at more closely. */
  async listed(
    binding: SweptBinding,
    entry: Entry,
    resource: Resource | undefined,
  ): Promise<Verdict> {
    const expectation = await this.expectation(binding, resource);
    if (!expectation) return { outcome: 'UNDER_WAY' };
    if (expectation.wants === 'nothing') return { outcome: 'IN_STEP' };
    const sound = this.differences(entry, expectation).length === 0;
    if (sound && expectation.kind === 'user') return { outcome: 'IN_STEP' };
    return this.read(binding, expectation);
  }

  /** An entry that no listing showed. */
  async unseen(binding: SweptBinding, resource: Resource | undefined): Promise<Verdict> {
    const expectation = await this.expectation(binding, resource);
    if (!expectation) return { outcome: 'UNDER_WAY' };
    if (expectation.wants === 'nothing') return { outcome: 'IN_STEP' };
    return this.read(binding, expectation);
  }

  /** As the entry stands now; what differs only because a delivery came in between is no drift. */
  private async read(binding: SweptBinding, expectation: Wanted): Promise<Verdict> {
    const { connector, signal } = this.inspected;
    const ref = refOf(binding);
    const { kind } = expectation;
    const entry = await connector.read(kind, ref, attributesOf(expectation), { signal });
    if (!entry && expectation.wants === 'disabled') return { outcome: 'IN_STEP' };
    const differences = entry ? this.differences(entry, expectation) : [];
    const drift = entry && (await this.memberDrift(binding, entry, expectation));
    if (entry && differences.length === 0 && !drift) return { outcome: 'IN_STEP' };
    if (!(await this.isUnchanged(binding))) return { outcome: 'UNDER_WAY' };
    return {
      outcome: entry ? 'DIFFERENT' : 'MISSING',
      repairs: drift?.repairs ?? [],
      detail: {
        kind,
        ...ref,
        ...(entry ? { name: entry.name } : {}),
        differences,
        isRepaired: false,
        ...(drift ? { members: drift.difference } : {}),
      },
    };
  }

  private async memberDrift(binding: SweptBinding, entry: Entry, { wants, ...more }: Wanted) {
    const { connector, signal } = this.inspected;
    if (wants !== 'entry' || more.kind !== 'group') return undefined;
    return this.deps.members.of(binding, entry, connector, signal);
  }

  /** Undefined: something is on the way to the entry. */
  private async expectation(
    binding: SweptBinding,
    resource: Resource | undefined,
  ): Promise<Expectation | undefined> {
    if (!isSettled(binding) || !entryKind(binding.resourceType)) return undefined;
    if (!resource || resource.generation > binding.generation) return undefined;
    const rule = await this.deps.rules.get(binding.ruleId);
    // A change of the rule is on its way to all of its entries.
    if (rule?.rollouts?.some(({ targetId }) => targetId === binding.targetId)) return undefined;
    try {
      return await expectationOf({ ...this.inspected, resource, rule }, this.deps.desired, (ids) =>
        this.deps.references.namesOf(binding.ruleId, binding.targetId, ids),
      );
    } catch (error) {
      // The next delivery parks it and says why.
      if (error instanceof MappingFailed) return undefined;
      throw error;
    }
  }

  private differences(entry: Entry, expectation: Expectation) {
    const knowsActivation = this.inspected.connector.capabilities.activation === 'native';
    return differencesOf(entry, expectation, knowsActivation);
  }

  private async isUnchanged({ targetId, resourceId, revision }: SweptBinding): Promise<boolean> {
    const [[now], [resource]] = await Promise.all([
      this.deps.sweeps.ofResources(targetId, [resourceId]),
      this.deps.resources.findAll([resourceId]),
    ]);
    return (
      now !== undefined &&
      isSettled(now) &&
      now.revision === revision &&
      resource !== undefined &&
      resource.generation <= now.generation
    );
  }
}
