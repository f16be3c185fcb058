/**
 * The servers of one directory, in order of preference. One is used at a time: a change that one server has taken reaches
 * the others a little later, and whoever looks there too early misses it and makes it twice.
 */

/** The pause after a failed connect, doubled up to the longest: no storm, and no delay worth mentioning. */
const SHORTEST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 800;
/** Operations in a row without an answer, after which a server that still takes connections is given up. */
const MOST_UNANSWERED = 2;

export interface ServersOptions {
  /** The first is preferred. */
  readonly urls: readonly string[];
  /** How long to use another before the preferred one is tried again. */
  readonly switchBackMs: number;
  /** How long after the last write to one server another may be used. */
  readonly replicationDelayMs: number;
}

/** One server, and what is known of it. */
export class Server {
  failures = 0;
  notBefore = 0;
  unanswered = 0;
  wroteAt = -Infinity;

  constructor(
    readonly url: string,
    readonly rank: number,
  ) {}
}

export class Servers {
  private readonly all: readonly Server[];
  private inUse: Server;
  private switchBackAt = Infinity;
  /** Who the directory is, by the first server that said so. */
  private identity: string | undefined;

  constructor(private readonly options: ServersOptions) {
    this.all = options.urls.map((url, rank) => new Server(url, rank));
    const [first] = this.all;
    if (!first) throw new Error('a directory has at least one server');
    this.inUse = first;
  }

  /** The one to use now. */
  get current(): Server {
    return this.inUse;
  }

  get several(): boolean {
    return this.all.length > 1;
  }

  /** The servers in the order in which to try them now: the one in use, then by preference. */
  inOrder(): readonly Server[] {
    return [this.inUse, ...this.all.filter((server) => server !== this.inUse)];
  }

  /** How long to wait before connecting to it: for its own sake, and for what others have to tell it. */
  pauseMs(server: Server, now = performance.now()): number {
    const heard = this.all
      .filter((other) => other !== server)
      .map((other) => other.wroteAt + this.options.replicationDelayMs);
    return Math.max(0, server.notBefore - now, ...heard.map((at) => at - now));
  }

  /** It took a connection: it is the one in use from now on. */
  connected(server: Server): void {
    server.failures = 0;
    server.notBefore = 0;
    if (server !== this.inUse) this.use(server);
  }

  /** It takes no connection, or is of no use. The next one is in use from now on. */
  failed(server: Server, now = performance.now()): void {
    const longest = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** server.failures);
    server.failures += 1;
    server.unanswered = 0;
    server.notBefore = now + longest * (0.5 + Math.random() / 2);
    if (server !== this.inUse || !this.several) return;
    this.use(this.all[(server.rank + 1) % this.all.length] ?? server, now);
  }

  /** An operation was answered, well or not. */
  answered(server: Server): void {
    server.unanswered = 0;
  }

  /** An operation had no answer in its time. True: the server is given up. */
  silent(server: Server): boolean {
    server.unanswered += 1;
    if (!this.several || server.unanswered < MOST_UNANSWERED) return false;
    this.failed(server);
    return true;
  }

  /** A write was sent to it, or answered by it. */
  wrote(server: Server, now = performance.now()): void {
    server.wroteAt = now;
  }

  /** The preferred server, when it is time to see whether it is back. Asked once for each interval. */
  toProbe(now = performance.now()): Server | undefined {
    if (now < this.switchBackAt) return undefined;
    this.switchBackAt = now + this.options.switchBackMs;
    return this.all[0];
  }

  /** Goes back to the preferred server, which answers again. */
  switchBack(): void {
    const [first] = this.all;
    if (first) this.use(first);
  }

  /** Whether a server that gives itself this identity holds the same directory as the others. */
  isSame(identity: string | undefined): boolean {
    this.identity ??= identity;
    return identity === undefined || identity === this.identity;
  }

  private use(server: Server, now = performance.now()): void {
    this.inUse = server;
    this.switchBackAt = server.rank === 0 ? Infinity : now + this.options.switchBackMs;
  }
}
