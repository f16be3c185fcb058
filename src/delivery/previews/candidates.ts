/** Resources of a page, as deliveries to a target would find them. */
import { type BindingSweeps } from '../../domain/binding-sweep';
import {
  type DeliveryResources,
  type RolloutStore,
  type WorkItem,
} from '../../domain/delivery-ports';
import { GROUP, type Resource } from '../../domain/resource';
import { type SyncRule } from '../../domain/sync-rule';
import { type Target } from '../../domain/target';
import { type DesiredEntries } from '../entries/desired-entries';
import { entryKind } from '../entries/planner';
import { type EntryConnector } from '../entries/session';
import { MappingFailed } from '../errors';
import { type Foreseen } from './rehearsed-stores';

export interface Candidate {
  readonly item: WorkItem;
  readonly resource: Resource;
}

/** What a page is about. */
export interface About {
  readonly rule: SyncRule;
  readonly target: Target;
  readonly connector: EntryConnector;
}

export interface CandidatesDeps {
  readonly resources: Pick<DeliveryResources, 'findAll'>;
  readonly sweeps: Pick<BindingSweeps, 'workOf'>;
}

export class Candidates {
  constructor(
    private readonly deps: CandidatesDeps,
    private readonly desired: DesiredEntries,
    private readonly about: About,
  ) {}

  /** Of deleted ones only those whose entry is still there. */
  async of(
    page: Awaited<ReturnType<RolloutStore['page']>>['resources'],
  ): Promise<readonly Candidate[]> {
    const targetId = this.about.target.id;
    const items = await this.deps.sweeps.workOf(
      page.map(({ id, ruleId, resourceType, generation }) => ({
        ...{ ruleId, targetId, resourceType, generation },
        resourceId: id,
      })),
    );
    const resources = await this.deps.resources.findAll(page.map(({ id }) => id));
    const byId = new Map(resources.map((resource) => [resource.id, resource]));
    return items.flatMap((item): readonly Candidate[] => {
      const resource = byId.get(item.resourceId);
      if (!resource) return [];
      const isGone = item.reference === undefined && item.creating === undefined;
      return resource.deletedAt && isGone ? [] : [{ item, resource }];
    });
  }

  /**
   * Those that name an entry that would come, go or be called otherwise; with `groups` also all groups, which may have groups
   * among their members.
   */
  async toldOtherwise(
    candidates: readonly Candidate[],
    foreseen: Foreseen,
    groups: boolean,
  ): Promise<readonly Candidate[]> {
    const live = candidates.filter(({ resource }) => resource.deletedAt === undefined);
    const named = await Promise.all(live.map(({ resource }) => this.namedBy(resource)));
    const moved = await foreseen.told(named.flat());
    return live.filter(
      ({ resource }, index) =>
        (resource.resourceType === GROUP && groups) || named[index]?.some((id) => moved.has(id)),
    );
  }

  private async namedBy(resource: Resource): Promise<readonly string[]> {
    const { rule, target, connector } = this.about;
    const kind = entryKind(resource.resourceType);
    const syncAs = rule.syncAs.find(({ targetId }) => targetId === target.id);
    if (!kind || !syncAs) return [];
    let named: readonly string[] = [];
    try {
      await this.desired.evaluate(
        kind,
        resource,
        { rule, syncAs, target, connector },
        async (ids) => {
          named = ids;
          return new Map();
        },
      );
    } catch (error) {
      // It was told when it was looked at first.
      if (!(error instanceof MappingFailed)) throw error;
    }
    return named;
  }
}
