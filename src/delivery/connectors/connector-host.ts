/** Opens one connector for each version of a target when it is first needed, and closes it when it is superseded. */
import { type Capabilities, ConnectorError, type ConnectorRegistry } from '../../../connectors/spi';
import { type Target } from '../../domain/target';
import { capabilitiesOf } from './capabilities';
import { type CallObserver } from '../call-observer';
import { type Clock } from '../clock';
import { asOwnError, GUARD_TIMES, type GuardTimes } from './call-guard';
import { HostedConnector } from './hosted-connector';
import { describeError, type Log } from '../log';

interface Opened {
  readonly version: number;
  readonly connector: HostedConnector;
  /** Deliveries that use it. */
  users: number;
  superseded: boolean;
}

export interface ConnectorHostDeps {
  readonly registry: ConnectorRegistry;
  /** Relative file names in settings are resolved against it. */
  readonly dataDir: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly times?: GuardTimes;
  /** For what a directory asks. */
  readonly answerTimes?: GuardTimes;
  /** Told of every call. */
  readonly observe?: CallObserver | undefined;
  /** Calls at the same time, for each target at most. */
  readonly workers: number;
}

export class ConnectorHost {
  private readonly opened = new Map<string, Opened>();
  private readonly closing = new Set<Promise<void>>();

  constructor(private readonly deps: ConnectorHostDeps) {}

  /** Calls that are made to the target at the same time; 1 where it cannot be opened. */
  concurrencyOf(target: Target): number {
    const type = this.deps.registry.get(target.connector);
    if (!type) return 1;
    try {
      const { settings } = type.parse(target.settings, target.secrets);
      return this.concurrency(target, capabilitiesOf(type, settings));
    } catch {
      // Why not is told by the first call.
      return 1;
    }
  }

  /** Lends the target's connector for as long as `use` runs. */
  async withConnector<Result>(
    target: Target,
    use: (connector: HostedConnector) => Promise<Result>,
  ): Promise<Result> {
    const opened = this.acquire(target);
    opened.users += 1;
    try {
      return await use(opened.connector);
    } finally {
      opened.users -= 1;
      if (opened.superseded && opened.users === 0) this.close(opened);
    }
  }

  /** A connector of its own, to be closed by the caller: settings are tried without touching what is in use. */
  open(target: Target): HostedConnector {
    const { registry, dataDir, log, clock, observe, times = GUARD_TIMES } = this.deps;
    const type = registry.get(target.connector);
    if (!type) {
      throw new ConnectorError(
        'unavailable',
        `The connector "${target.connector}" is not loaded. Name its package in CONNECTORS and restart.`,
      );
    }
    try {
      const { settings, secrets } = type.parse(target.settings, target.secrets);
      const connector = type.open(settings, secrets, { targetId: target.id, dataDir, log });
      const capabilities = capabilitiesOf(type, settings);
      const concurrency = this.concurrency(target, capabilities);
      const parts = { type, settings, capabilities, connector, clock, observe };
      return new HostedConnector(parts, { times, concurrency, answer: this.deps.answerTimes });
    } catch (error) {
      throw this.openError(target, error);
    }
  }

  /** Lets go of a target that no longer exists. */
  forget(targetId: string): void {
    const opened = this.opened.get(targetId);
    this.opened.delete(targetId);
    if (opened) this.supersede(opened);
  }

  /** Closes everything; resolves when the connectors have let go of their connections. */
  async closeAll(): Promise<void> {
    for (const targetId of [...this.opened.keys()]) this.forget(targetId);
    await Promise.all(this.closing);
  }

  /** Whatever it is: it concerns the target, and not whom the first one delivers. */
  private openError({ id }: Target, error: unknown): ConnectorError {
    if (error instanceof Error && error.name === 'SettingsError') {
      const message = `The target's settings cannot be used. ${error.message}`;
      return new ConnectorError('unavailable', message, { cause: error });
    }
    const own = asOwnError(error, 'open');
    if (own instanceof ConnectorError) {
      return new ConnectorError('unavailable', own.message, { cause: error });
    }
    this.deps.log('error', 'A connector could not be opened', {
      targetId: id,
      ...describeError(error),
    });
    const message = 'The connector could not be opened, see the log of the gateway.';
    return new ConnectorError('unavailable', message, { cause: error });
  }

  private concurrency({ deliveryLimits }: Target, { maxConcurrency }: Capabilities): number {
    const { maxConcurrency: limit = Infinity } = deliveryLimits ?? {};
    return Math.max(1, Math.min(this.deps.workers, maxConcurrency, limit));
  }

  private acquire(target: Target): Opened {
    const current = this.opened.get(target.id);
    if (current && current.version >= target.version) return current;
    const opened = {
      version: target.version,
      connector: this.open(target),
      users: 0,
      superseded: false,
    };
    this.opened.set(target.id, opened);
    if (current) this.supersede(current);
    return opened;
  }

  private supersede(opened: Opened): void {
    opened.superseded = true;
    if (opened.users === 0) this.close(opened);
  }

  private close({ connector }: Opened): void {
    const closing = connector
      .close()
      .catch((error: unknown) => {
        this.deps.log('warn', 'A connector could not be closed', describeError(error));
      })
      .finally(() => this.closing.delete(closing));
    this.closing.add(closing);
  }
}
