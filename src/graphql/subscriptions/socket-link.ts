/** A WebSocket as the protocol's server sees it: what comes in is counted, and what goes out has to be taken in time. */
import { type WebSocket as GraphqlWebSocket } from 'graphql-ws';
import { type WebSocket } from 'ws';
import { type ErrorLog } from '../error';
import { type SubscriberLimits } from './subscribers';

type Receive = Parameters<GraphqlWebSocket['onMessage']>[0];

/** So many messages and pings of a client in so long a time: ten times what a busy page needs. */
const MOST_MESSAGES = 200;
const MESSAGES_WITHIN_MS = 10_000;
/** Answers that a client asks for and does not take. */
const MOST_BUFFERED_BYTES = 1024 * 1024;

export class SocketLink implements GraphqlWebSocket {
  readonly protocol: string;
  private readonly keepAlive: NodeJS.Timeout;
  private answered = true;
  private messages = 0;
  private countedSince = performance.now();

  constructor(
    private readonly socket: WebSocket,
    private readonly limits: Pick<SubscriberLimits, 'slowMs' | 'keepAliveMs'>,
    private readonly log: ErrorLog,
  ) {
    this.protocol = socket.protocol;
    // Broken frames, messages that are too long: the socket closes itself and says why.
    socket.on('error', () => undefined);
    socket.on('pong', () => (this.answered = true));
    socket.on('ping', (data) => {
      if (this.mayTakeMore()) socket.pong(data);
    });
    this.keepAlive = setInterval(() => this.ping(), limits.keepAliveMs);
  }

  /** Resolves when the message is on its way, so that the next one is not even made before. */
  send(data: string): Promise<void> {
    const { socket } = this;
    if (socket.readyState !== socket.OPEN) return Promise.resolve();
    return new Promise((resolve) => {
      const tooSlow = setTimeout(() => socket.terminate(), this.limits.slowMs);
      // One that cannot be sent is of a socket that closes, and its subscriptions end with it.
      socket.send(data, () => {
        clearTimeout(tooSlow);
        resolve();
      });
    });
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
    // Who does not answer a close in time is left.
    setTimeout(() => this.socket.terminate(), CLOSE_MS).unref();
  }

  onMessage(receive: Receive): void {
    this.socket.on('message', (data: Buffer) => {
      if (!this.mayTakeMore()) return;
      receive(data.toString()).catch((error: unknown) => this.fail(error));
    });
  }

  fail(error: unknown): void {
    this.log.error({ err: error }, 'A message of a WebSocket failed unexpectedly');
    this.close(1011, 'Internal error');
  }

  /** The socket is closed. */
  closed(): void {
    clearInterval(this.keepAlive);
  }

  private ping(): void {
    if (!this.answered) {
      this.socket.terminate();
      return;
    }
    this.answered = false;
    if (this.socket.readyState === this.socket.OPEN) this.socket.ping();
  }

  private mayTakeMore(): boolean {
    const now = performance.now();
    if (now - this.countedSince > MESSAGES_WITHIN_MS) {
      this.countedSince = now;
      this.messages = 0;
    }
    this.messages += 1;
    if (this.socket.bufferedAmount > MOST_BUFFERED_BYTES) this.socket.terminate();
    else if (this.messages > MOST_MESSAGES) this.close(4429, 'Too many messages');
    else return true;
    return false;
  }
}

const CLOSE_MS = 1_000;
