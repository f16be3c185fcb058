/** What administrators ask of connectors and targets: the port `Directories`. */
import {
  type ConnectorRegistry,
  type ConnectorType,
  type SettingsIssue,
} from '../../connectors/spi';
import { DomainError } from '../domain/error';
import { parseFilter } from '../domain/filter/parser';
import { checkMapping } from '../domain/mapping';
import {
  type ConnectorDescription,
  type Directories,
  type InputIssue,
  type TargetTestStep,
} from '../domain/ports';
import { schemaForMappings } from '../domain/profile';
import { GROUP, USER } from '../domain/resource';
import { type SchemaTable } from '../domain/schema-table';
import { type SyncAs } from '../domain/sync-rule';
import { type Target } from '../domain/target';
import { capabilitiesOf } from './capabilities';
import { type ConnectorHost } from './connector-host';
import { checkScopeFilter, mappingOf } from './desired-entries';
import { type HostedConnector } from './hosted-connector';
import { describeError, type Log } from './log';

export interface DirectoriesDeps {
  readonly registry: ConnectorRegistry;
  readonly host: ConnectorHost;
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
      };
    } catch (error) {
      return { ok: false, issues: this.settingsIssues(error, connector) };
    }
  }

  checkSyncAs(target: Target, syncAs: SyncAs, schemas: SchemaTable): readonly InputIssue[] {
    return [...this.checkFilter(syncAs, schemas), ...this.checkMappings(target, syncAs, schemas)];
  }

  async test(target: Target): Promise<readonly TargetTestStep[]> {
    let connector: HostedConnector | undefined;
    try {
      connector = this.deps.host.open(target);
      return await connector.test({});
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

  private checkFilter({ scopeFilter }: SyncAs, schemas: SchemaTable): readonly InputIssue[] {
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

  private checkMappings(
    target: Target,
    syncAs: SyncAs,
    schemas: SchemaTable,
  ): readonly InputIssue[] {
    let connector: Opened;
    try {
      connector = this.describeOpened(target);
    } catch (error) {
      return [{ path: ['targetId'], message: failedStep(error).message }];
    }
    const { capabilities } = connector;
    const issues = capabilities.kinds.flatMap((kind) => {
      const schema = schemas.get(kind === 'user' ? USER : GROUP);
      const mapping = mappingOf(kind, syncAs, connector);
      const field = kind === 'user' ? 'userMapping' : 'groupMapping';
      const wrong = schema ? checkMapping(mapping, schemaForMappings(schema)) : [];
      const naming = connector.namingAttribute(kind);
      const named = mapping.some(
        (line) => line.attribute.toLowerCase() === naming.toLowerCase() && line.apply !== 'IGNORE',
      );
      const message = `Map a value to "${naming}": it names the ${kind}s of this target.`;
      return [
        ...wrong.map((issue) => ({ path: [field, ...issue.path], message: issue.message })),
        ...(named ? [] : [{ path: [field], message }]),
      ];
    });
    return [...issues, ...policyIssues(syncAs, capabilities.activation)];
  }

  private describeOpened(target: Target): Opened {
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

type Opened = Pick<HostedConnector, 'capabilities' | 'namingAttribute' | 'defaultMapping'>;

/** Where accounts cannot be disabled, nobody may be promised that they will be. */
function policyIssues(syncAs: SyncAs, activation: 'native' | 'none'): readonly InputIssue[] {
  if (activation === 'native') return [];
  const message = 'This directory knows no disabled accounts. Choose DELETE or KEEP.';
  return (['onDeactivate', 'onDelete'] as const)
    .filter((field) => syncAs[field] === 'DISABLE')
    .map((field) => ({ path: [field], message }));
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
