/** What an entry should look like: the rule's mapping (or the connector's own) applied to the resource. */
import { type EntryKind } from '../../../connectors/spi';
import { DomainError } from '../../domain/error';
import { type Filter } from '../../domain/filter/ast';
import { checkMatchable, leavesOf, matches } from '../../domain/filter/match';
import { parseFilter } from '../../domain/filter/parser';
import { printAttributePath } from '../../domain/filter/print';
import {
  compileMapping,
  evaluateMapping,
  overridden,
  withEntryNames,
  type CompiledMapping,
  type EntryNames,
  type MappedAttributes,
  type OriginatedLine,
} from '../../domain/mapping';
import { type Profiles, schemaForMappings } from '../../domain/profile';
import { type Resource } from '../../domain/resource';
import { type ResourceSchema, type SchemasOf } from '../../domain/schema-table';
import { type SyncAs, type SyncRule } from '../../domain/sync-rule';
import { type Target } from '../../domain/target';
import { MappingFailed } from '../errors';
import { type HostedConnector } from '../connectors/hosted-connector';

export interface MappingContext {
  readonly rule: SyncRule;
  readonly syncAs: SyncAs;
  readonly target: Target;
  readonly connector: Pick<HostedConnector, 'defaultMapping'>;
}

/** The names of those of the resources that have entries in the target, by id. */
export type FindNames = (resourceIds: readonly string[]) => Promise<ReadonlyMap<string, string>>;

const MOST_CACHED = 1_000;

export class DesiredEntries {
  /** By rule, target, their versions and the kind: a change of either makes a new one. */
  private readonly mappings = new Map<string, CompiledMapping>();
  private readonly filters = new Map<string, Filter>();

  constructor(
    private readonly schemas: SchemasOf,
    private readonly profiles: Profiles,
  ) {}

  /** `find` looks up the entries of other resources where the mapping names any. Throws {@link MappingFailed}. */
  async evaluate(
    kind: EntryKind,
    resource: Resource,
    context: MappingContext,
    find: FindNames,
  ): Promise<MappedAttributes> {
    const evaluate = (entries?: EntryNames): MappedAttributes =>
      refusing(() =>
        evaluateMapping(
          this.mapping(kind, resource, context),
          this.profiles.forMappings(resource, context.rule),
          entries,
        ),
      );
    const { refers } = refusing(() => this.mapping(kind, resource, context));
    return refers ? withEntryNames(evaluate, find) : evaluate();
  }

  /** Whether a user may log in. Throws {@link MappingFailed}. */
  isActive(user: Resource, rule: SyncRule): boolean {
    return refusing(() => this.profiles.of(user, rule).active);
  }

  /** Whether the target's scope filter lets the resource in. Throws {@link MappingFailed}. */
  inScope(resource: Resource, rule: SyncRule, { scopeFilter }: SyncAs): boolean {
    return scopeFilter === undefined || this.matchesFilter(resource, rule, scopeFilter);
  }

  /** Whether a SCIM filter matches the resource. Throws {@link MappingFailed}. */
  matchesFilter(resource: Resource, rule: SyncRule, text: string): boolean {
    return refusing(() => {
      const filter = remember(this.filters, text, () => parseFilter(text));
      const schema = this.schemaOf(resource, rule);
      return matches(filter, { ...resource.attributes, id: resource.id }, schema);
    });
  }

  private mapping(kind: EntryKind, resource: Resource, context: MappingContext): CompiledMapping {
    const { rule, syncAs, target, connector } = context;
    const key = [rule.id, rule.version, target.id, target.version, kind].join(' ');
    return remember(this.mappings, key, () =>
      compileMapping(
        mappingOf(kind, syncAs, connector),
        schemaForMappings(this.schemaOf(resource, rule)),
      ),
    );
  }

  private schemaOf({ resourceType }: Resource, rule: SyncRule): ResourceSchema {
    const schema = this.schemas(rule).get(resourceType);
    if (!schema) throw new DomainError('notFound', `There is no resource type "${resourceType}".`);
    return schema;
  }
}

/** Made for each SCIM answer, so that no scope filter finds anything there. */
const MADE: ReadonlySet<string> = new Set(['groups', 'meta', 'schemas']);

/** Throws `invalidFilter` when a scope filter is about what users do not have, or what is not looked at here. */
export function checkScopeFilter(filter: Filter, users: ResourceSchema): void {
  checkMatchable(filter, users);
  for (const { path } of leavesOf(filter)) {
    const resolved = users.resolve(path);
    if (resolved?.extension !== undefined || !MADE.has(resolved?.attribute.name ?? '')) continue;
    throw new DomainError(
      'invalidFilter',
      `"${printAttributePath(path)}" is made for each SCIM answer, and a scope filter finds nothing there. Use what clients write.`,
    );
  }
}

/** The lines that apply to a kind of entry: the rule's own, or the connector's with what the rule says otherwise. */
export function mappingOf(
  kind: EntryKind,
  syncAs: SyncAs,
  connector: Pick<HostedConnector, 'defaultMapping'>,
): readonly OriginatedLine[] {
  const { own, overrides } = ownMapping(kind, syncAs);
  return own ?? overridden(connector.defaultMapping()[kind], overrides);
}

/** What a rule says of the entries of a kind. */
export function ownMapping(kind: EntryKind, syncAs: SyncAs) {
  return kind === 'user'
    ? { own: syncAs.userMapping, overrides: syncAs.userOverrides ?? [] }
    : { own: syncAs.groupMapping, overrides: syncAs.groupOverrides ?? [] };
}

function refusing<Result>(evaluate: () => Result): Result {
  try {
    return evaluate();
  } catch (error) {
    // What is unavailable comes back; the resource is not to blame.
    if (error instanceof DomainError && error.code !== 'unavailable') {
      throw new MappingFailed(error.message, error.field, { cause: error });
    }
    throw error;
  }
}

/** A cache that is emptied when it is full: old versions are never asked for again. */
function remember<Value>(cache: Map<string, Value>, key: string, make: () => Value): Value {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const value = make();
  if (cache.size >= MOST_CACHED) cache.clear();
  cache.set(key, value);
  return value;
}
