/** Stands between Usher and its store and counts the commands that go by, by name. */
import net from 'node:net';

const HEADER = 16;
/** Header, flags, kind of the section, length and type of the first field: then comes its name. */
const NAME_AT = HEADER + 4 + 1 + 4 + 1;

export class CommandCounter {
  private counts = new Map<string, number>();
  private since = performance.now();

  private constructor(
    private readonly server: net.Server,
    readonly uri: string,
  ) {}

  /** Listens at `socket` for clients of the store that is at `storeSocket`. */
  static async start(socket: string, storeSocket: string): Promise<CommandCounter> {
    const server = net.createServer((client) => {
      const store = net.connect(storeSocket);
      client.pipe(store).pipe(client);
      client.on('error', () => store.destroy());
      store.on('error', () => client.destroy());
      counter.watch(client);
    });
    const uri = `mongodb://${encodeURIComponent(socket)}/usher?directConnection=true`;
    const counter = new CommandCounter(server, uri);
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    return counter;
  }

  reset(): void {
    this.counts = new Map();
    this.since = performance.now();
  }

  /** Since the last reset, without the driver's own heartbeats. */
  get total(): number {
    return [...this.counts].reduce((sum, [name, count]) => sum + (name === 'hello' ? 0 : count), 0);
  }

  get perSecond(): number {
    return this.total / ((performance.now() - this.since) / 1_000);
  }

  /** `find 12, update 3`, the most frequent first. */
  toString(): string {
    const sorted = [...this.counts].sort(([, left], [, right]) => right - left);
    return sorted.map(([name, count]) => `${name} ${String(count)}`).join(', ');
  }

  stop(): void {
    this.server.close();
  }

  private watch(client: net.Socket): void {
    let rest = Buffer.alloc(0);
    client.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= HEADER && rest.length >= rest.readInt32LE(0)) {
        const length = rest.readInt32LE(0);
        const end = rest.indexOf(0, NAME_AT);
        const name = rest.toString('utf8', NAME_AT, end);
        this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
        rest = rest.subarray(length);
      }
    });
  }
}
