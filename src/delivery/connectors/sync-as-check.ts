/** Whether the resources of a rule can appear in a target as its administrator wants. */
import { type Capabilities, type EntryKind } from '../../../connectors/spi';
import { DomainError } from '../../domain/error';
import { parseFilter } from '../../domain/filter/parser';
import { checkMapping, checkOverrides, type OriginatedLine } from '../../domain/mapping';
import { type InputIssue } from '../../domain/ports';
import { schemaForMappings } from '../../domain/profile';
import { GROUP, USER } from '../../domain/resource';
import { type ResourceSchema, type SchemaTable } from '../../domain/schema-table';
import { type SyncAs } from '../../domain/sync-rule';
import { checkScopeFilter, mappingOf, ownMapping } from '../entries/desired-entries';
import { type HostedConnector } from './hosted-connector';

/** What is known of a target without asking it anything. */
export type DescribedConnector = Pick<
  HostedConnector,
  'capabilities' | 'namingAttribute' | 'defaultMapping'
>;

/** Members of `SyncAs` by kind. */
export const MAPPING_FIELD = { user: 'userMapping', group: 'groupMapping' } as const;
export const OVERRIDES_FIELD = { user: 'userOverrides', group: 'groupOverrides' } as const;

export function checkSyncAs(
  syncAs: SyncAs,
  connector: DescribedConnector,
  schemas: SchemaTable,
): readonly InputIssue[] {
  return [
    ...filterIssues(syncAs, schemas),
    ...connector.capabilities.kinds.flatMap((kind) =>
      mappingIssues(kind, syncAs, connector, schemas.get(kind === 'user' ? USER : GROUP)),
    ),
    ...policyIssues(syncAs, connector.capabilities),
    ...correlationIssues(syncAs, connector),
  ];
}

/** The way to a line in what the administrator wrote. */
export function pathOfLine(
  kind: EntryKind,
  lines: readonly OriginatedLine[],
  index: number,
): readonly string[] {
  const override = lines[index]?.override;
  return override === undefined
    ? [MAPPING_FIELD[kind], String(index)]
    : [OVERRIDES_FIELD[kind], String(override)];
}

function filterIssues({ scopeFilter }: SyncAs, schemas: SchemaTable): readonly InputIssue[] {
  const users = schemas.get(USER);
  if (scopeFilter === undefined || users === undefined) return [];
  try {
    checkScopeFilter(parseFilter(scopeFilter), users);
    return [];
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return [{ path: ['scopeFilter'], message: error.message }];
  }
}

function mappingIssues(
  kind: EntryKind,
  syncAs: SyncAs,
  connector: DescribedConnector,
  schema: ResourceSchema | undefined,
): readonly InputIssue[] {
  const lines = mappingOf(kind, syncAs, connector);
  const wrong = schema ? checkMapping(lines, schemaForMappings(schema)) : [];
  const naming = connector.namingAttribute(kind);
  const named = lines.some(
    (line) => line.attribute.toLowerCase() === naming.toLowerCase() && line.apply !== 'IGNORE',
  );
  const { own, overrides } = ownMapping(kind, syncAs);
  const field = overrides.length > 0 ? OVERRIDES_FIELD[kind] : MAPPING_FIELD[kind];
  const message = `Map a value to "${naming}": it names the ${kind}s of this target.`;
  return [
    ...overrideIssues(kind, own !== undefined, syncAs, connector),
    ...wrong.map(({ path: [index, ...rest], ...issue }) => ({
      ...issue,
      path: index === undefined ? [field] : [...pathOfLine(kind, lines, Number(index)), ...rest],
    })),
    ...(named ? [] : [{ path: [field], message }]),
  ];
}

function overrideIssues(
  kind: EntryKind,
  hasOwn: boolean,
  syncAs: SyncAs,
  connector: DescribedConnector,
): readonly InputIssue[] {
  const { overrides } = ownMapping(kind, syncAs);
  if (overrides.length === 0) return [];
  if (hasOwn) {
    const message = 'A mapping of its own is given already. Write the lines there.';
    return [{ path: [OVERRIDES_FIELD[kind]], message }];
  }
  return checkOverrides(connector.defaultMapping()[kind], overrides).map((issue) => ({
    ...issue,
    path: [OVERRIDES_FIELD[kind], ...issue.path],
  }));
}

/** Entries are recognised by what the mapping gives them. */
function correlationIssues(syncAs: SyncAs, connector: DescribedConnector): readonly InputIssue[] {
  const mapped = new Set(
    connector.capabilities.kinds
      .flatMap((kind) => mappingOf(kind, syncAs, connector))
      .filter(({ apply }) => apply !== 'IGNORE')
      .map(({ attribute }) => attribute.toLowerCase()),
  );
  return syncAs.correlation.attributes.flatMap((attribute, index) => {
    if (mapped.has(attribute.toLowerCase())) return [];
    const message = `The mapping gives no value for "${attribute}", so no entry can be recognised by it. Map it, or leave it out.`;
    return [{ path: ['correlation', 'attributes', String(index)], message }];
  });
}

/** Where accounts cannot be disabled, nobody may be promised that they will be. */
function policyIssues(syncAs: SyncAs, { activation }: Capabilities): readonly InputIssue[] {
  if (activation === 'native') return [];
  const message = 'This directory knows no disabled accounts. Choose DELETE or KEEP.';
  const disabling = (['onDeactivate', 'onDelete', 'onLeaveScope'] as const)
    .filter((field) => syncAs[field] === 'DISABLE')
    .map((field) => ({ path: [field], message }));
  if ((syncAs.deleteAfterDays ?? 0) === 0) return disabling;
  const delay =
    'This directory knows no disabled accounts: entries would stay in use until they are deleted. Choose 0.';
  return [...disabling, { path: ['deleteAfterDays'], message: delay }];
}
