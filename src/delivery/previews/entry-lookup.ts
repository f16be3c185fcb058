/** Finds the entry that stands for a resource now, for a preview: nothing is adopted, and nobody waits for long. */
import { type CorrelationKey, type Entry, type EntryKind } from '../../../connectors/spi';
import { type PreviewedEntryState, type PreviewSample } from '../../domain/preview';
import { type SyncAs } from '../../domain/sync-rule';
import { type Clock, withDeadline } from '../clock';
import { valuesOf } from '../entries/differ';
import { LeaseLost } from '../errors';
import { type CallOptions, type HostedConnector } from '../connectors/hosted-connector';
import { describeError, type Log } from '../log';

export interface LookupTimes {
  readonly callMs: number;
  /** For all samples of one target together. */
  readonly allMs: number;
}

export const LOOKUP_TIMES: LookupTimes = { callMs: 5_000, allMs: 20_000 };

export interface FoundEntry {
  readonly state: PreviewedEntryState;
  readonly entry?: Entry;
  readonly message?: string;
  /** By its reference: it is the resource's own. */
  readonly isOwn?: boolean;
}

type Attributes = Readonly<Record<string, readonly string[]>>;

const SILENT: ReadonlySet<string> = new Set(['unavailable', 'timeout', 'throttled']);

export class EntryLookup {
  /** Why the directory is asked no more. */
  private givenUp: string | undefined;
  private readonly until: number;

  constructor(
    private readonly connector: Pick<HostedConnector, 'read' | 'correlate' | 'namingAttribute'>,
    private readonly log: Log,
    private readonly clock: Clock,
    private readonly times: LookupTimes = LOOKUP_TIMES,
  ) {
    this.until = clock.monotonic() + times.allMs;
  }

  async find(
    kind: EntryKind,
    sample: PreviewSample,
    attributes: Attributes,
    correlation: SyncAs['correlation'],
  ): Promise<FoundEntry> {
    if (this.clock.monotonic() > this.until) {
      this.givenUp ??= 'The directory takes too long for so many samples.';
    }
    if (this.givenUp !== undefined) return { state: 'UNKNOWN', message: this.givenUp };
    try {
      const { reference, name = '' } = sample;
      if (reference !== undefined) {
        const ref = { reference, name: name === '' ? reference : name };
        const names = Object.keys(attributes);
        const entry = await this.call((call) => this.connector.read(kind, ref, names, call));
        if (entry) return { state: 'FOUND', entry, isOwn: true };
      }
      return await this.correlated(kind, attributes, correlation);
    } catch (error) {
      return this.failed(error);
    }
  }

  /** As a delivery would: by what the rule names, then by the name. */
  private async correlated(
    kind: EntryKind,
    attributes: Attributes,
    correlation: SyncAs['correlation'],
  ): Promise<FoundEntry> {
    const keys = keysOf(correlation.attributes, attributes);
    const byKeys = await this.matching(kind, keys);
    if (byKeys.length > 0) return oneOf(byKeys);
    const name = keysOf([this.connector.namingAttribute(kind)], attributes);
    return oneOf(await this.matching(kind, name));
  }

  private failed(error: unknown): FoundEntry {
    this.log('info', 'A directory could not be asked for a preview', describeError(error));
    if (error instanceof LeaseLost) {
      this.givenUp = 'The directory did not answer in time.';
      return { state: 'UNKNOWN', message: this.givenUp };
    }
    const own = error instanceof Error && error.name === 'ConnectorError';
    const message = own ? error.message : 'The connector failed; see the log of the gateway.';
    if (own && SILENT.has((error as Error & { readonly kind: string }).kind))
      this.givenUp = message;
    return { state: 'UNKNOWN', message };
  }

  private async matching(
    kind: EntryKind,
    keys: readonly CorrelationKey[],
  ): Promise<readonly Entry[]> {
    if (keys.length === 0) return [];
    return this.call((call) => this.connector.correlate(kind, keys, call));
  }

  private call<Answer>(ask: (call: CallOptions) => Promise<Answer>): Promise<Answer> {
    return withDeadline(this.clock, this.times.callMs, (signal) => ask({ signal }));
  }
}

function keysOf(names: readonly string[], attributes: Attributes): readonly CorrelationKey[] {
  return names.flatMap((attribute): CorrelationKey[] => {
    const value = valuesOf(attributes, attribute)[0];
    return value === undefined ? [] : [{ attribute, value }];
  });
}

function oneOf(entries: readonly Entry[]): FoundEntry {
  const [entry] = entries;
  if (entry === undefined) return { state: 'ABSENT' };
  if (entries.length === 1) return { state: 'FOUND', entry };
  const names = entries.slice(0, 5).map(({ name }) => `"${name}"`);
  const more = entries.length > 5 ? ', ...' : '';
  return {
    state: 'AMBIGUOUS',
    message: `${String(entries.length)} entries match: ${names.join(', ')}${more}.`,
  };
}
