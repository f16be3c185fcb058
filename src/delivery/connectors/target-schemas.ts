/** What directories say they can hold, and what of a mapping does not fit in. */
import { type EntryKind, type TargetAttribute, type TargetSchema } from '../../../connectors/spi';
import { DomainError } from '../../domain/error';
import { type InputIssue } from '../../domain/ports';
import { type SyncAs } from '../../domain/sync-rule';
import { type Target } from '../../domain/target';
import { type Clock, withDeadline } from '../clock';
import { type ConnectorHost } from './connector-host';
import { mappingOf } from '../entries/desired-entries';
import { describeError, type Log } from '../log';
import { type DescribedConnector, MAPPING_FIELD, pathOfLine } from './sync-as-check';

/** Somebody waits for it. */
const PATIENCE_MS = 5_000;
/** Who writes a rule step by step need not wait each time. */
const REMEMBERED_MS = 60_000;
const MOST_REMEMBERED = 200;

interface Remembered {
  readonly version: number;
  readonly until: number;
  readonly schema: TargetSchema;
}

export class TargetSchemas {
  private readonly remembered = new Map<string, Remembered>();

  constructor(
    private readonly deps: {
      readonly host: ConnectorHost;
      readonly clock: Clock;
      readonly log: Log;
    },
  ) {}

  /** As the directory has it now. Throws `unavailable` when it does not answer. */
  async read(target: Target): Promise<TargetSchema> {
    const { host, clock, log } = this.deps;
    try {
      const schema = await host.withConnector(target, (connector) =>
        withDeadline(clock, PATIENCE_MS, (signal) => connector.schema({ signal })),
      );
      if (this.remembered.size >= MOST_REMEMBERED) this.remembered.clear();
      const until = clock.monotonic() + REMEMBERED_MS;
      this.remembered.set(target.id, { version: target.version, until, schema });
      return schema;
    } catch (error) {
      log('info', 'The schema of a target could not be read', {
        targetId: target.id,
        ...describeError(error),
      });
      const own = error instanceof Error && error.name === 'ConnectorError';
      const reason = own ? error.message : 'See the log of the gateway.';
      throw new DomainError('unavailable', `The directory does not show its schema. ${reason}`, {
        cause: error,
      });
    }
  }

  /** Attributes of the mapping that the directory does not know, or keeps for itself, and those it demands. */
  async warnings(
    target: Target,
    syncAs: SyncAs,
    connector: DescribedConnector,
  ): Promise<readonly InputIssue[]> {
    if (target.pausedAt !== undefined) return [];
    try {
      const schema = await this.recent(target);
      return connector.capabilities.kinds.flatMap((kind) =>
        misfits(kind, syncAs, connector, schema),
      );
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      const message = `Whether the directory has the attributes of the mapping is not known. ${error.message}`;
      return [{ path: [], message }];
    }
  }

  private async recent(target: Target): Promise<TargetSchema> {
    const known = this.remembered.get(target.id);
    const isRecent = known && known.until > this.deps.clock.monotonic();
    return isRecent && known.version === target.version ? known.schema : this.read(target);
  }
}

function misfits(
  kind: EntryKind,
  syncAs: SyncAs,
  connector: DescribedConnector,
  schema: TargetSchema,
): readonly InputIssue[] {
  const attributes = new Map(
    schema[kind].flatMap((one) => namesOf(one).map((name) => [name, one] as const)),
  );
  // What a directory does not tell cannot be compared.
  if (attributes.size === 0) return [];
  const lines = mappingOf(kind, syncAs, connector);
  const written = lines.flatMap((line, index) =>
    line.apply === 'IGNORE' ? [] : [{ ...line, index }],
  );
  const wrong = written.flatMap(({ attribute, index }): InputIssue[] => {
    const known = attributes.get(bareName(attribute));
    const message = messageAbout(attribute, kind, known, schema.open === true);
    if (message === undefined) return [];
    return [{ path: [...pathOfLine(kind, lines, index), 'attribute'], message }];
  });
  const mapped = new Set(written.map(({ attribute }) => bareName(attribute)));
  const missing = schema[kind]
    .filter(({ required, readOnly }) => required && !readOnly)
    .filter((one) => !namesOf(one).some((name) => mapped.has(name)))
    .map(({ name }): InputIssue => {
      const message = `The directory demands "${name}" of every ${kind}, and the mapping has no line for it.`;
      return { path: [MAPPING_FIELD[kind]], message };
    });
  return [...wrong, ...missing];
}

function namesOf({ name, aliases = [] }: TargetAttribute): readonly string[] {
  return [name, ...aliases].map((one) => one.toLowerCase());
}

function messageAbout(
  attribute: string,
  kind: EntryKind,
  known: TargetAttribute | undefined,
  isOpen: boolean,
): string | undefined {
  if (known?.readOnly) return `The directory keeps "${attribute}" itself: it cannot be written.`;
  if (known || isOpen) return undefined;
  return `The directory knows no "${attribute}" of a ${kind}: entries may be refused.`;
}

/** Without options such as a language tag (RFC 4512 section 2.5). */
function bareName(attribute: string): string {
  return (attribute.split(';')[0] ?? attribute).toLowerCase();
}
