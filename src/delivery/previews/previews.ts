/** What a rule would make of resources in a target: the way of a delivery up to where it would write. */
import { setImmediate as breathe } from 'node:timers/promises';
import { type Entry, type EntryKind } from '../../../connectors/spi';
import {
  type EntryNames,
  type MappedAttributes,
  previewMapping,
  type PreviewedLine,
  withEntryNames,
} from '../../domain/mapping';
import {
  type EntryPreview,
  type EntryPreviews,
  type PreviewAction,
  type PreviewedChange,
  type PreviewRequest,
  type PreviewSample,
} from '../../domain/preview';
import { type EntryReferences } from '../../domain/delivery-ports';
import { type Profiles, schemaForMappings } from '../../domain/profile';
import { GROUP, type Resource, USER } from '../../domain/resource';
import { type SchemasOf } from '../../domain/schema-table';
import { type ConnectorHost } from '../connectors/connector-host';
import { DesiredEntries, mappingOf } from '../entries/desired-entries';
import { type Clock } from '../clock';
import { EntryLookup, type FoundEntry, type LookupTimes } from './entry-lookup';
import { allOf } from '../entries/entry-writer';
import { MappingFailed } from '../errors';
import { type HostedConnector } from '../connectors/hosted-connector';
import { describeError, type Log } from '../log';
import { entryKind, plan, type Plan } from '../entries/planner';

export interface PreviewsDeps {
  readonly host: Pick<ConnectorHost, 'open'>;
  readonly schemas: SchemasOf;
  readonly profiles: Profiles;
  readonly references: Pick<EntryReferences, 'namesOf'>;
  readonly log: Log;
  readonly clock: Clock;
  readonly lookupTimes?: LookupTimes;
}

/** What is the same for all samples of a target. */
interface Opened {
  readonly request: PreviewRequest;
  readonly connector: HostedConnector;
  readonly lookup: EntryLookup;
  readonly desired: DesiredEntries;
  readonly lines: Readonly<Record<EntryKind, Lines>>;
}

type Lines = (resource: Resource, entries?: EntryNames) => readonly PreviewedLine[];

export class Previews implements EntryPreviews {
  constructor(private readonly deps: PreviewsDeps) {}

  async of(request: PreviewRequest): Promise<readonly EntryPreview[]> {
    let connector: HostedConnector;
    try {
      // Of its own, as deliveries may fill the one in use.
      connector = this.deps.host.open(request.target);
    } catch (error) {
      const message = this.saying(error);
      const entry = { state: 'UNKNOWN', message } as const;
      return request.samples.map(() => ({ lines: [], entry, problems: [message] }));
    }
    try {
      return await this.all(request, connector);
    } finally {
      // A directory that does not answer may take its time for this too.
      void connector.close().catch((error: unknown) => {
        this.deps.log('warn', 'A connector could not be closed', describeError(error));
      });
    }
  }

  private async all(
    request: PreviewRequest,
    connector: HostedConnector,
  ): Promise<readonly EntryPreview[]> {
    const { schemas, profiles, log, clock, lookupTimes } = this.deps;
    const opened: Opened = {
      request,
      connector,
      lookup: new EntryLookup(connector, log, clock, lookupTimes),
      // Of its own: what is remembered there is remembered by rule and version, and this may be neither.
      desired: new DesiredEntries(schemas, profiles),
      lines: {
        user: this.lines('user', request, connector),
        group: this.lines('group', request, connector),
      },
    };
    const previews: EntryPreview[] = [];
    for (const sample of request.samples) {
      await breathe();
      previews.push(await this.one(opened, sample));
    }
    return previews;
  }

  private lines(
    kind: EntryKind,
    { rule, syncAs }: PreviewRequest,
    connector: HostedConnector,
  ): Lines {
    const schema = this.deps.schemas(rule).get(kind === 'user' ? USER : GROUP);
    if (!schema || !connector.capabilities.kinds.includes(kind)) return () => [];
    const evaluate = previewMapping(mappingOf(kind, syncAs, connector), schemaForMappings(schema));
    return (resource, entries) => evaluate(this.deps.profiles.forMappings(resource, rule), entries);
  }

  private async one(opened: Opened, sample: PreviewSample): Promise<EntryPreview> {
    const { connector, lookup, request } = opened;
    const { resource } = sample;
    const kind = entryKind(resource.resourceType) ?? 'user';
    const { rule, target } = request;
    const lines = await withEntryNames(
      (entries) => opened.lines[kind](resource, entries),
      (ids) => this.deps.references.namesOf(rule.id, target.id, ids),
    );
    const mapped = mappedBy(lines);
    const found = connector.capabilities.kinds.includes(kind)
      ? await lookup.find(kind, sample, allOf(mapped), request.syncAs.correlation)
      : ({ state: 'ABSENT' } as const);
    const decided = decide(opened, sample, found);
    const known = { lines: lines.map(shown), entry: shownEntry(found) };
    if ('problem' in decided) return { ...known, problems: [decided.problem] };
    const { action, active, isInScope } = decided;
    const problems =
      action === 'LEAVE'
        ? []
        : problemsOf(opened, { kind, resource, mapped, lines, found, action });
    if (problems.length > 0) return { ...known, isInScope, action, problems };
    try {
      const changes = changesOf(connector, { kind, mapped, found: found.entry, action, active });
      return { ...known, isInScope, action, changes, problems: [] };
    } catch (error) {
      return { ...known, isInScope, action, problems: [this.saying(error)] };
    }
  }

  /** Own words for what a connector says; of anything else only that it happened. */
  private saying(error: unknown): string {
    if (error instanceof Error && error.name === 'ConnectorError') return error.message;
    this.deps.log('error', 'A connector failed in a preview', describeError(error));
    return 'The connector failed; see the log of the gateway.';
  }
}

/** What is deleted later is disabled now. */
const ACTIONS: Readonly<Record<Plan['action'], PreviewAction>> = {
  ensure: 'ENSURE',
  leave: 'LEAVE',
  disable: 'DISABLE',
  condemn: 'DISABLE',
  remove: 'REMOVE',
};

type Decided =
  | { readonly action: PreviewAction; readonly active: boolean; readonly isInScope: boolean }
  | { readonly problem: string };

function decide(
  { request, connector, desired }: Opened,
  { resource }: PreviewSample,
  found: FoundEntry,
): Decided {
  const { rule, syncAs } = request;
  const { capabilities } = connector;
  try {
    const kind = entryKind(resource.resourceType);
    const isInScope =
      kind !== undefined &&
      capabilities.kinds.includes(kind) &&
      (kind === 'group' || desired.inScope(resource, rule, syncAs));
    const planned = plan({
      resource,
      // As if nothing else were going on with it.
      rule: { ...rule, enabled: true },
      syncAs,
      leaving: undefined,
      capabilities,
      hasEntry: found.entry !== undefined,
      inScope: () => isInScope,
      isActive: () => desired.isActive(resource, rule),
    });
    const action = ACTIONS[planned.action];
    return { action, active: planned.action === 'ensure' && planned.active, isInScope };
  } catch (error) {
    if (error instanceof MappingFailed) return { problem: error.message };
    throw error;
  }
}

/** The values of lines that have any; those with problems are told apart. */
function mappedBy(lines: readonly PreviewedLine[]): MappedAttributes {
  const authoritative = Object.create(null) as Record<string, string[]>;
  const initial = Object.create(null) as Record<string, string[]>;
  for (const { attribute, apply, values, problem } of lines) {
    if (apply === 'IGNORE' || problem !== undefined) continue;
    (apply === 'INITIAL' ? initial : authoritative)[attribute] = [...values];
  }
  return { authoritative, initial };
}

interface Drafted {
  readonly kind: EntryKind;
  readonly mapped: MappedAttributes;
  readonly action: PreviewAction;
}

/** What would park the delivery, or keeps from telling what it would do. */
function problemsOf(
  { connector, request }: Opened,
  {
    kind,
    resource,
    mapped,
    lines,
    found,
    action,
  }: Drafted & {
    readonly resource: Resource;
    readonly lines: readonly PreviewedLine[];
    readonly found: FoundEntry;
  },
): readonly string[] {
  const problems = found.message === undefined ? [] : [found.message];
  if (action !== 'ENSURE') return problems;
  for (const { attribute, apply, problem } of lines) {
    if (problem && apply !== 'IGNORE') problems.push(`"${attribute}": ${problem.message}`);
  }
  const { entry, isOwn } = found;
  const naming = connector.namingAttribute(kind).toLowerCase();
  const isNamed = Object.keys(allOf(mapped)).some((name) => name.toLowerCase() === naming);
  if (!entry && !isNamed) {
    const name = connector.namingAttribute(kind);
    problems.push(`The mapping gives no value for "${name}", which names the entry.`);
  }
  if (
    entry &&
    isOwn !== true &&
    request.syncAs.correlation.policy === 'FAIL' &&
    entry.owner !== resource.id
  ) {
    problems.push(`The entry "${entry.name}" exists already and was not made by this gateway.`);
  }
  return problems;
}

function changesOf(
  connector: HostedConnector,
  {
    kind,
    mapped,
    found,
    action,
    active,
  }: Drafted & { readonly found: Entry | undefined; readonly active: boolean },
): readonly PreviewedChange[] {
  switch (action) {
    case 'LEAVE':
    case 'REMOVE':
      return [];
    case 'DISABLE':
      if (!found || kind === 'group') return [];
      return connector.plan(kind, found, { attributes: {}, active: false });
    case 'ENSURE':
      // What is written only when an entry is created does not concern one that is there.
      return connector.plan(kind, found, {
        attributes: found ? mapped.authoritative : allOf(mapped),
        active,
      });
  }
}

function shownEntry({ state, entry, message }: FoundEntry): EntryPreview['entry'] {
  return {
    state,
    ...(entry === undefined ? {} : { name: entry.name, active: entry.active }),
    ...(message === undefined ? {} : { message }),
  };
}

const SECRET = /passw|pwd|secret/i;

/** Connectors mask what is secret in changes; here it is known by the name of the attribute. */
function shown(line: PreviewedLine): PreviewedLine {
  if (!SECRET.test(line.attribute)) return line;
  return { ...line, values: line.values.map(() => '********') };
}
