/** What a rule, as it is or as it might be, would make of a few resources in its targets. Nothing is written anywhere. */
import { isDeepStrictEqual } from 'node:util';
import { draftResource } from '../domain/drafted-resource';
import { DomainError } from '../domain/error';
import { type Operation, type OperationDraft, type OperationRequester } from '../domain/operation';
import { type EntryPreview, type PreviewSample } from '../domain/preview';
import { type PreviewInput } from '../domain/preview-finding';
import { GROUP, type Resource, USER } from '../domain/resource';
import { type SchemaTable } from '../domain/schema-table';
import { RULE_DEFAULTS, type SyncAs, type SyncRule } from '../domain/sync-rule';
import { type Target } from '../domain/target';
import { profiles } from '../domain/validation';
import { issue, refused, type Issue, type Outcome } from './issue';
import { type AdministrationPorts } from './ports';
import { RuleTargets } from './rule-targets';

export interface RulePreviewInput {
  /** Absent: the rule is yet to be made, `syncAs` and `resource` are needed. */
  readonly ruleId?: string;
  /** Instead of what the rule has. */
  readonly syncAs?: SyncAs;
  readonly userIds?: readonly string[];
  readonly groupIds?: readonly string[];
  /** As a client would send it. */
  readonly resource?: unknown;
  /** How many of the rule's own, where none are named. */
  readonly first?: number;
}

/** One sample in one target. */
export interface RulePreview {
  readonly target: Target;
  readonly resource: Resource;
  /** Absent for a resource that is not stored. */
  readonly isStored: boolean;
  readonly preview: EntryPreview;
}

/** What is asked of a preview of everything that a rule would change. */
export interface FullPreviewInput {
  readonly ruleId: string;
  /** Targets as they might be, which the rule need not have. Absent: all of them as they are. */
  readonly syncAs?: readonly SyncAs[];
}

export const USUAL_SAMPLES = 10;
export const MOST_SAMPLES = 50;
/** Samples times targets. */
export const MOST_PREVIEWS = 500;

/** What a resource that is not stored has for an id. */
const NO_ID = '00000000-0000-0000-0000-000000000000';

type Ports = Pick<
  AdministrationPorts,
  | 'syncRules'
  | 'targets'
  | 'directories'
  | 'schemas'
  | 'resources'
  | 'bindings'
  | 'previews'
  | 'operations'
  | 'delivery'
>;

export class RulePreviews {
  private readonly targets: RuleTargets;

  constructor(
    private readonly ports: Ports,
    private readonly now: () => Date,
  ) {
    this.targets = new RuleTargets(ports);
  }

  async preview(input: RulePreviewInput): Promise<Outcome<readonly RulePreview[]>> {
    const found = await this.ruleOf(input);
    if (found.issues !== undefined) return found;
    const rule = found.value;
    const table = this.ports.schemas.of(rule);
    const all = input.syncAs === undefined ? rule.syncAs : [input.syncAs];
    const samples = await this.samples(rule, table, input);
    const issues = [
      ...firstIssues(input),
      ...(input.syncAs === undefined ? [] : await this.syncAsIssues(input.syncAs, table)),
      ...(samples.issues ?? []),
    ];
    if (samples.issues !== undefined || issues.length > 0) return { issues };
    const number = samples.value.length * all.length;
    if (number > MOST_PREVIEWS) {
      const message = `${String(samples.value.length)} samples in ${String(all.length)} targets are more than ${String(MOST_PREVIEWS)}. Take fewer samples, or one target by "syncAs".`;
      return refused('LIMIT_EXCEEDED', ['first'], message);
    }
    return { value: await this.previews(rule, all, samples.value) };
  }

  /** Of all users and groups; the one under way, where there is one about the same. */
  async start(input: FullPreviewInput, by: OperationRequester): Promise<Outcome<Operation>> {
    const found = await this.ruleOf({ ruleId: input.ruleId });
    if (found.issues !== undefined) return found;
    const rule = found.value;
    if (rule.deletion !== undefined) {
      return refused('CONFLICT', ['syncRuleId'], 'The sync rule is being deleted.');
    }
    const { syncAs } = input;
    const issues =
      syncAs === undefined ? [] : await this.targets.issues(syncAs, this.ports.schemas.of(rule));
    if (issues.length > 0) return { issues };
    const asked: PreviewInput = {
      syncAs: syncAs ?? rule.syncAs,
      isDraft: syncAs !== undefined,
      ruleVersion: rule.version,
    };
    const draft: OperationDraft<'PREVIEW'> = {
      kind: 'PREVIEW',
      input: asked,
      ruleId: rule.id,
      requestedBy: by,
      exclusive: `preview ${rule.id}`,
    };
    const { operation, isNew } = await this.ports.operations.start(draft, this.now());
    if (!isNew && !isDeepStrictEqual(operation.input, asked)) {
      const message =
        'Another preview of the sync rule is under way. Wait for its end, or cancel it.';
      return refused('CONFLICT', ['syncRuleId'], message);
    }
    this.ports.delivery.operationChanged();
    return { value: operation };
  }

  /** By sample, then by target. */
  private async previews(
    rule: SyncRule,
    all: readonly SyncAs[],
    samples: readonly Resource[],
  ): Promise<readonly RulePreview[]> {
    const targets = await this.targets.targetsOf(all);
    const stored = samples.filter(({ id }) => id !== NO_ID).map(({ id }) => id);
    const bindings = await this.ports.bindings.ofResources(stored);
    const columns = await Promise.all(
      all.map(async (syncAs) => {
        const target = targets.get(syncAs.targetId);
        if (target === undefined) return [];
        const known = samples.map((resource): PreviewSample => {
          const binding = bindings.get(resource.id)?.find(({ targetId }) => targetId === target.id);
          const { reference, name } = binding ?? {};
          return {
            resource,
            ...(reference === undefined ? {} : { reference }),
            ...(name === undefined ? {} : { name }),
          };
        });
        const previews = await this.ports.previews.of({ rule, syncAs, target, samples: known });
        return previews.map((preview, index) => ({ target, preview, index }));
      }),
    );
    return samples.flatMap((resource, index) =>
      columns.flatMap((column) => {
        const one = column[index];
        if (one === undefined) return [];
        const { target, preview } = one;
        return [{ target, resource, isStored: resource.id !== NO_ID, preview }];
      }),
    );
  }

  private async ruleOf({ ruleId, syncAs, resource }: RulePreviewInput): Promise<Outcome<SyncRule>> {
    if (ruleId !== undefined) {
      const rule = await this.ports.syncRules.find(ruleId);
      return rule === undefined
        ? refused('NOT_FOUND', ['syncRuleId'], 'There is no such sync rule.')
        : { value: rule };
    }
    if (syncAs === undefined || resource === undefined) {
      const message = 'Name a sync rule, or give "syncAs" and a "resource".';
      return refused('REQUIRED', ['syncRuleId'], message);
    }
    const now = this.now();
    const draft = { id: '', name: '', enabled: true, syncAs: [syncAs], version: 0 };
    return { value: { ...RULE_DEFAULTS, ...draft, createdAt: now, updatedAt: now } };
  }

  private async syncAsIssues(syncAs: SyncAs, table: SchemaTable): Promise<readonly Issue[]> {
    // There is but one: without its place in a list.
    return (await this.targets.issues([syncAs], table)).map((one) => ({
      ...one,
      path: one.path.filter((_, depth) => depth !== 1),
    }));
  }

  private async samples(
    rule: SyncRule,
    table: SchemaTable,
    { userIds = [], groupIds = [], resource, first = USUAL_SAMPLES }: RulePreviewInput,
  ): Promise<Outcome<readonly Resource[]>> {
    const many = tooMany(userIds, groupIds);
    if (many.length > 0) return { issues: many };
    const named = await this.named(rule, userIds, groupIds);
    const drafted = resource === undefined ? undefined : this.drafted(rule, table, resource);
    const issues = [...(named.issues ?? []), ...(drafted?.issues ?? [])];
    if (named.issues !== undefined || drafted?.issues !== undefined) return { issues };
    const given = [...named.value, ...(drafted === undefined ? [] : [drafted.value])];
    if (given.length > 0 || rule.id === '') return { value: given };
    return { value: await this.firstOf(rule, Math.min(Math.max(first, 1), MOST_SAMPLES)) };
  }

  private async named(
    rule: SyncRule,
    userIds: readonly string[],
    groupIds: readonly string[],
  ): Promise<Outcome<readonly Resource[]>> {
    const stored = await this.ports.resources.findAll([...new Set([...userIds, ...groupIds])]);
    const byId = new Map(stored.map((one) => [one.id, one]));
    const lists = [
      { ids: userIds, type: USER, field: 'userIds' },
      { ids: groupIds, type: GROUP, field: 'groupIds' },
    ];
    const issues: Issue[] = [];
    const found = lists.flatMap(({ ids, type, field }) =>
      ids.flatMap((id, index) => {
        const resource = byId.get(id);
        const isLive = resource?.ruleId === rule.id && resource.deletedAt === undefined;
        if (isLive && resource.resourceType === type) return [resource];
        const message = `The sync rule has no such ${type.toLowerCase()}.`;
        issues.push(issue('NOT_FOUND', [field, String(index)], message));
        return [];
      }),
    );
    return issues.length > 0 ? { issues } : { value: found };
  }

  /** A resource as it would be stored if a client sent it. */
  private drafted(rule: SyncRule, table: SchemaTable, body: unknown): Outcome<Resource> {
    const resourceType = isGroup(body, table) ? GROUP : USER;
    const schema = table.get(resourceType);
    if (schema === undefined) throw new Error('Every rule has users and groups');
    const profile = profiles[rule.scimProfile];
    try {
      const draft = draftResource(
        { ruleId: rule.id, resourceType, schema, profile, roles: rule },
        body,
      );
      const { members: _members, ...resource } = draft;
      const now = this.now();
      return {
        value: { ...resource, id: NO_ID, generation: 1, createdAt: now, lastModified: now },
      };
    } catch (error) {
      if (!(error instanceof DomainError) || error.code === 'unavailable') throw error;
      return refused('INVALID', ['resource'], error.message);
    }
  }

  /** Users, and groups where there are fewer users. */
  private async firstOf(rule: SyncRule, limit: number): Promise<readonly Resource[]> {
    const { resources } = this.ports;
    const { items: users } = await resources.list({ ruleId: rule.id, resourceType: USER, limit });
    if (users.length >= limit) return users;
    const rest = { ruleId: rule.id, resourceType: GROUP, limit: limit - users.length };
    return [...users, ...(await resources.list(rest)).items];
  }
}

/** By the schemas it says it has (RFC 7643 section 3). */
function isGroup(body: unknown, table: SchemaTable): boolean {
  const schemas: unknown = (body as { readonly schemas?: unknown } | null)?.schemas;
  const urn = table.get(GROUP)?.core.id.toLowerCase();
  return Array.isArray(schemas) && schemas.some((one) => String(one).toLowerCase() === urn);
}

function tooMany(userIds: readonly string[], groupIds: readonly string[]): readonly Issue[] {
  if (userIds.length + groupIds.length <= MOST_SAMPLES) return [];
  const field = userIds.length > 0 ? 'userIds' : 'groupIds';
  const message = `At most ${String(MOST_SAMPLES)} samples at a time.`;
  return [issue('LIMIT_EXCEEDED', [field], message)];
}

function firstIssues({ first, userIds, groupIds, resource }: RulePreviewInput): readonly Issue[] {
  if (first === undefined) return [];
  if (!Number.isInteger(first) || first < 1 || first > MOST_SAMPLES) {
    return [issue('INVALID', ['first'], `Between 1 and ${String(MOST_SAMPLES)}.`)];
  }
  const isNamed = resource !== undefined || [userIds, groupIds].some((ids) => ids?.length);
  if (!isNamed) return [];
  return [issue('INVALID', ['first'], 'Samples are named already: leave it out.')];
}
