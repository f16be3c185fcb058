/** Who is connected for subscriptions: how many may be, and that none stays whose key has ended. */
import { type ApiKey } from '../../domain/credential';
import { type ErrorLog } from '../error';

/** Why a connection ends from this side. */
export type EndReason = 'revoked' | 'stopping';

export interface SubscriberLimits {
  /** Connections, WebSockets and event streams together. */
  readonly maxConnections: number;
  readonly maxConnectionsPerKey: number;
  /** WebSockets that have not yet said who they are. */
  readonly maxStrangers: number;
  readonly maxSubscriptionsPerConnection: number;
  /** How often keys are looked at. */
  readonly checkKeysMs: number;
  /** How long the database may not answer until keys count as ended. */
  readonly doubtMs: number;
  /** How long a client may take to take what was sent. */
  readonly slowMs: number;
  readonly keepAliveMs: number;
}

export const SUBSCRIBER_LIMITS: SubscriberLimits = {
  maxConnections: 500,
  maxConnectionsPerKey: 50,
  maxStrangers: 100,
  maxSubscriptionsPerConnection: 20,
  checkKeysMs: 2_000,
  doubtMs: 30_000,
  slowMs: 30_000,
  keepAliveMs: 12_000,
};

/** One connection of somebody with a key. */
interface Subscriber {
  readonly key: ApiKey;
  readonly end: (reason: EndReason) => void;
}

export interface Admitted {
  readonly refusal?: undefined;
  /** The connection is closed. */
  readonly leave: () => void;
}

export interface SubscribersDeps {
  readonly limits: SubscriberLimits;
  readonly isInForce: (key: ApiKey) => Promise<boolean>;
  readonly log: ErrorLog;
}

export class Subscribers {
  private readonly connected = new Set<Subscriber>();
  private timer: NodeJS.Timeout | undefined;
  private doubtSince: number | undefined;
  private stopping = false;

  constructor(private readonly deps: SubscribersDeps) {}

  /** Why nobody else is let in now; undefined: somebody may be. */
  get refusal(): string | undefined {
    if (this.stopping) return 'Usher is stopping.';
    const { maxConnections } = this.deps.limits;
    if (this.connected.size < maxConnections) return undefined;
    return `There are ${String(maxConnections)} connections for subscriptions already. Try again later.`;
  }

  /** Lets a connection in, until it leaves. */
  admit(key: ApiKey, end: Subscriber['end']): Admitted | { readonly refusal: string } {
    const { refusal } = this;
    if (refusal !== undefined) return { refusal };
    const { maxConnectionsPerKey } = this.deps.limits;
    const own = [...this.connected].filter((one) => one.key.id === key.id).length;
    if (own >= maxConnectionsPerKey) {
      return {
        refusal: `This API key has ${String(own)} connections for subscriptions already. Close some, or let subscriptions share a WebSocket.`,
      };
    }
    const subscriber = { key, end };
    this.connected.add(subscriber);
    if (this.connected.size === 1) this.schedule();
    return {
      leave: () => {
        this.connected.delete(subscriber);
        if (this.connected.size === 0) clearTimeout(this.timer);
      },
    };
  }

  /** Ends all, and lets nobody in any more. */
  stop(): void {
    this.stopping = true;
    clearTimeout(this.timer);
    for (const { end } of [...this.connected]) end('stopping');
  }

  private schedule(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.check(), this.deps.limits.checkKeysMs);
  }

  private async check(): Promise<void> {
    const keys = new Map([...this.connected].map(({ key }) => [key.id, key]));
    try {
      for (const key of keys.values()) {
        if (!(await this.deps.isInForce(key))) this.endAll((one) => one.key.id === key.id);
      }
      this.doubtSince = undefined;
    } catch (error) {
      this.deps.log.warn({ err: error }, 'API keys of subscriptions cannot be looked at');
      this.doubtSince ??= performance.now();
      if (performance.now() - this.doubtSince > this.deps.limits.doubtMs) this.endAll(() => true);
    }
    if (this.connected.size > 0 && !this.stopping) this.schedule();
  }

  private endAll(matches: (one: Subscriber) => boolean): void {
    for (const one of [...this.connected]) if (matches(one)) one.end('revoked');
  }
}
