/** A TCP address in front of a server, which can be made to fail in the ways networks and machines do. */
import net from 'node:net';

/** `forward`: as if it were not there. `blackHole`: accepts, takes everything and never answers. */
type Mode = 'forward' | 'blackHole';

/** Changes, or delays, what the server says before the client hears it. */
export type Tamper = (answer: Buffer) => Buffer | Promise<Buffer>;

export class Forwarder {
  private listener: net.Server | undefined;
  private readonly clients = new Set<net.Socket>();
  private mode: Mode = 'forward';
  private tampering: Tamper = (answer) => answer;
  private readonly sent: Buffer[] = [];
  /** Connections taken since the start. */
  accepted = 0;
  /** Bytes in both directions since the start. */
  bytes = 0;

  private constructor(
    private readonly target: number,
    public port: number,
  ) {}

  /** Listens on a free loopback port in front of the other one. */
  static async start(targetPort: number): Promise<Forwarder> {
    const forwarder = new Forwarder(targetPort, 0);
    await forwarder.listen();
    return forwarder;
  }

  url(scheme: 'ldap' | 'ldaps' = 'ldap'): string {
    return `${scheme}://127.0.0.1:${this.port}`;
  }

  get connections(): number {
    return this.clients.size;
  }

  /** Whether a client has sent these bytes as they are, as far as the first thousand pieces tell. */
  saw(bytes: Buffer): boolean {
    return Buffer.concat(this.sent).includes(bytes);
  }

  /** Listens again after `refuse`, on the same port, and forwards. */
  async listen(): Promise<void> {
    this.mode = 'forward';
    if (this.listener) return;
    const listener = net.createServer((client) => this.serve(client));
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(this.port, '127.0.0.1', resolve);
    });
    this.listener = listener;
    this.port = (listener.address() as net.AddressInfo).port;
  }

  /** As when the machine reboots: existing connections break, and new ones are refused. */
  async refuse(): Promise<void> {
    const { listener } = this;
    this.listener = undefined;
    this.drop();
    await new Promise((resolve) => (listener ? listener.close(resolve) : resolve(undefined)));
  }

  /** As when a firewall forgets: everything is swallowed, nothing is closed. */
  blackHole(): void {
    this.mode = 'blackHole';
  }

  /** Forwards again; connections of the time before stay as they were. */
  forward(): void {
    this.mode = 'forward';
  }

  /** Breaks every connection. */
  drop(): void {
    for (const client of this.clients) client.destroy();
  }

  /** Changes the server's answers from now on. */
  tamper(tampering: Tamper): void {
    this.tampering = tampering;
  }

  async stop(): Promise<void> {
    await this.refuse();
  }

  private serve(client: net.Socket): void {
    this.accepted += 1;
    this.clients.add(client);
    client.on('error', () => undefined);
    if (this.mode === 'blackHole') {
      client.on('close', () => this.clients.delete(client));
      client.resume();
      return;
    }
    const upstream = net.connect(this.target, '127.0.0.1');
    upstream.on('error', () => client.destroy());
    upstream.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      if (this.mode === 'forward') this.answer(chunk, upstream, client);
    });
    client.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      if (this.sent.length < 1_000) this.sent.push(chunk);
      if (this.mode === 'forward') upstream.write(chunk);
    });
    upstream.on('close', () => client.destroy());
    client.on('close', () => {
      this.clients.delete(client);
      upstream.destroy();
    });
  }

  /** What comes later waits for an answer that is delayed. */
  private answer(chunk: Buffer, upstream: net.Socket, client: net.Socket): void {
    const answer = this.tampering(chunk);
    if (Buffer.isBuffer(answer)) {
      client.write(answer);
      return;
    }
    upstream.pause();
    void answer.then((late) => {
      client.write(late);
      upstream.resume();
    });
  }
}
