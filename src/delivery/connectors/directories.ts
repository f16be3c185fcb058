/** What administrators ask of connectors and targets: the port `Directories`. */
import {
  type ConnectorRegistry,
  type ConnectorType,
  type SettingsIssue,
  type TargetSchema,
} from '../../../connectors/spi';
import { DomainError } from '../../domain/error';
import { type MappingLine } from '../../domain/mapping';
import {
  type ConnectorDescription,
  type Directories,
  type InputIssue,
  type ParsedTarget,
  type TargetMappings,
  type TargetTestStep,
} from '../../domain/ports';
import { type SchemaTable } from '../../domain/schema-table';
import { type MappingEntry, type SyncAs } from '../../domain/sync-rule';
import { type Target } from '../../domain/target';
import { capabilitiesOf } from './capabilities';
import { type ConnectorHost } from './connector-host';
import { type HostedConnector } from './hosted-connector';
import { describeError, type Log } from '../log';
import { checkSyncAs, type DescribedConnector } from './sync-as-check';
import { type TargetSchemas } from './target-schemas';

export interface DirectoriesDeps {
  readonly registry: ConnectorRegistry;
  readonly host: ConnectorHost;
  readonly schemas: TargetSchemas;
  readonly log: Log;
}

export class ConnectorDirectories implements Directories {
  constructor(private readonly deps: DirectoriesDeps) {}

  types(): readonly ConnectorDescription[] {
    return this.deps.registry.all().map(describe);
  }

  parse(connector: string, settings: unknown, secrets: unknown): ReturnType<Directories['parse']> {
    const type = this.deps.registry.get(connector);
    if (!type) {
      const known = this.deps.registry.all().map(({ id }) => id);
      const message = `There is no connector "${connector}". Choose one of: ${known.join(', ')}.`;
      return { ok: false, issues: [{ path: ['connector'], message }] };
    }
    try {
      const parsed = type.parse(settings, secrets);
      return {
        ok: true,
        settings: parsed.settings as Target['settings'],
        secrets: parsed.secrets as Target['secrets'],
        ...identityOf(type, parsed.settings),
      };
    } catch (error) {
      return { ok: false, issues: this.settingsIssues(error, connector) };
    }
  }

  mappings(target: Target): TargetMappings | undefined {
    try {
      const { user, group } = this.describeOpened(target).defaultMapping();
      return { user: user.map(withApply), group: group.map(withApply) };
    } catch (error) {
      this.deps.log('info', 'A target has no default mapping', {
        targetId: target.id,
        ...describeError(error),
      });
      return undefined;
    }
  }

  canDisable(target: Target): boolean {
    try {
      return this.describeOpened(target).capabilities.activation === 'native';
    } catch {
      // It cannot be opened: that is told when it is delivered to.
      return true;
    }
  }

  checkSyncAs(target: Target, syncAs: SyncAs, schemas: SchemaTable): readonly InputIssue[] {
    let connector: DescribedConnector;
    try {
      connector = this.describeOpened(target);
    } catch (error) {
      return [{ path: ['targetId'], message: failedStep(error).message }];
    }
    return checkSyncAs(syncAs, connector, schemas);
  }

  schema(target: Target): Promise<TargetSchema> {
    return this.deps.schemas.read(target);
  }

  async warnings(target: Target, syncAs: SyncAs): Promise<readonly InputIssue[]> {
    return this.deps.schemas.warnings(target, syncAs, this.describeOpened(target));
  }

  async test(target: Target): Promise<readonly TargetTestStep[]> {
    let connector: HostedConnector | undefined;
    try {
      connector = this.deps.host.open(target);
      return (await connector.test({})).map(shortened);
    } catch (error) {
      this.deps.log('info', 'A connection test failed', {
        targetId: target.id,
        ...describeError(error),
      });
      return [failedStep(error)];
    } finally {
      await connector?.close().catch((error: unknown) => {
        this.deps.log('warn', 'A connector could not be closed', describeError(error));
      });
    }
  }

  private settingsIssues(error: unknown, connector: string): readonly InputIssue[] {
    if (error instanceof Error && error.name === 'SettingsError') {
      const { issues } = error as Error & { readonly issues: readonly SettingsIssue[] };
      return issues.map(({ path, message }) => ({ path, message }));
    }
    this.deps.log('error', 'A connector failed to check settings', {
      connector,
      ...describeError(error),
    });
    const message = `The connector "${connector}" failed to check the settings; see the log.`;
    return [{ path: ['settings'], message }];
  }

  private describeOpened(target: Target): DescribedConnector {
    const type = this.deps.registry.get(target.connector);
    if (!type)
      throw new DomainError('invalidValue', `No connector "${target.connector}" is loaded.`);
    const { settings } = type.parse(target.settings, target.secrets);
    return {
      capabilities: capabilitiesOf(type, settings),
      namingAttribute: (kind) => type.namingAttribute(kind, settings),
      defaultMapping: () => type.defaultMapping(settings),
    };
  }
}

/** Long enough for a sentence, too short for what a server that is no directory answers. */
const LONGEST_MESSAGE = 1_000;

function shortened(step: TargetTestStep): TargetTestStep {
  return { ...step, message: step.message.slice(0, LONGEST_MESSAGE) };
}

function withApply({ attribute, expression, apply = 'AUTHORITATIVE' }: MappingLine): MappingEntry {
  return { attribute, expression, apply };
}

function identityOf(type: ConnectorType, settings: unknown): Pick<ParsedTarget, 'identity'> {
  const identity = type.identity?.(settings);
  return typeof identity === 'string' ? { identity } : {};
}

function describe(type: ConnectorType): ConnectorDescription {
  const { kinds, activation, rename, password } = type.capabilities;
  return {
    id: type.id,
    title: type.title,
    settingsSchema: type.settingsSchema,
    secretsSchema: type.secretsSchema,
    capabilities: { kinds, activation, rename, password },
  };
}

/** Own words for what a connector says; of anything else only that it happened. */
function failedStep(error: unknown): TargetTestStep {
  const shown =
    error instanceof DomainError ||
    (error instanceof Error && ['ConnectorError', 'SettingsError'].includes(error.name));
  return {
    name: 'open',
    state: 'failed',
    message: shown ? error.message : 'The connector failed; see the log of the gateway.',
  };
}
