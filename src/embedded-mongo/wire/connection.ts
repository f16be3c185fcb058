import { type Socket } from 'node:net';
import { type Encodable, encodeDocument } from '../bson/encode';
import { CommandError } from '../errors';
import {
  buildReply,
  type Frame,
  MAX_MESSAGE_BYTES,
  parseFrame,
  replyTarget,
  WRAPPING,
} from './frames';
import { Inbox } from './inbox';
import { type ConnectionWatch, type Watched } from './watch';

/** Runs a command and always resolves with its reply. */
export type CommandHandler = (
  frame: Frame,
  connectionId: number,
) => Promise<Map<string, Encodable>>;

/** Turns an error into a reply document. */
export type ErrorReply = (error: unknown) => Map<string, Encodable>;

/** What a connection needs from its server. */
export interface ConnectionOptions {
  readonly id: number;
  readonly handle: CommandHandler;
  readonly errorReply: ErrorReply;
  readonly watch: ConnectionWatch;
}

/** A client must take this much of a reply in the time it has. */
const PIECE_BYTES = 1024 * 1024;
/** Below this it is not worth looking at what all connections hold. */
const SMALL_BYTES = 64 * 1024;

/** One client. Its commands run one after the other, in the order in which they came. */
export class Connection implements Watched {
  waitingSince: number | undefined;
  private readonly inbox = new Inbox();
  private replyBytes = 0;
  private greeted = false;
  private busy = false;
  private closing = false;
  private finished: (() => void) | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly options: ConnectionOptions,
  ) {
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => options.watch.remove(this));
    options.watch.add(this);
    this.waitForClient(true);
  }

  get heldBytes(): number {
    return this.inbox.length + this.replyBytes;
  }

  cut(): void {
    this.inbox.clear();
    this.replyBytes = 0;
    this.socket.destroy();
  }

  /** Closes after the running command, if any, was answered. */
  async close(): Promise<void> {
    this.closing = true;
    this.socket.pause();
    if (this.busy) await new Promise<void>((resolve) => (this.finished = resolve));
    this.waitForClient(true);
    this.socket.destroySoon();
  }

  private receive(chunk: Buffer): void {
    this.inbox.add(chunk);
    if (!this.busy) void this.work();
  }

  /** Answers every complete message, then waits for more bytes. */
  private async work(): Promise<void> {
    this.busy = true;
    this.socket.pause();
    try {
      for (let message = this.inbox.take(); message !== undefined; message = this.inbox.take()) {
        this.greeted = true;
        this.waitForClient(false);
        await this.answer(message);
        if (this.closing || this.socket.destroyed) break;
      }
    } catch {
      // Nothing sensible can be said to a peer that does not speak the protocol.
      this.cut();
    }
    this.busy = false;
    this.finished?.();
    if (this.closing || this.socket.destroyed) return;
    // A quiet connection between commands is fine, one in the middle of a message is not.
    this.waitForClient(!this.greeted || this.inbox.length > 0);
    if (this.inbox.length > SMALL_BYTES) this.options.watch.checkHeld();
    this.socket.resume();
  }

  private async answer(message: Buffer): Promise<void> {
    let frame: Frame;
    try {
      frame = parseFrame(message);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      // The frame is sound, the BSON in it is not: the client is told, unless it does not listen.
      const target = replyTarget(message);
      if (target.wantsReply) await this.send(buildReply(target, this.encode(error)));
      return;
    }
    const answer = await this.options.handle(frame, this.options.id);
    if (frame.wantsReply) await this.send(buildReply(frame, this.encode(answer)));
  }

  private encode(answer: Map<string, Encodable> | CommandError): Buffer {
    const { errorReply } = this.options;
    try {
      if (answer instanceof CommandError) return encodeDocument(errorReply(answer));
      const bytes = encodeDocument(answer, WRAPPING);
      if (bytes.length < MAX_MESSAGE_BYTES - SMALL_BYTES) return bytes;
      throw new CommandError(10334, `the reply of ${bytes.length} bytes is too large`);
    } catch (error) {
      return encodeDocument(errorReply(error));
    }
  }

  /** Waits for a slow reader instead of piling up replies in memory. */
  private async send(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length && !this.socket.destroyed; at += PIECE_BYTES) {
      if (this.socket.write(bytes.subarray(at, at + PIECE_BYTES))) continue;
      this.replyBytes = bytes.length - at;
      this.waitForClient(true);
      if (at === 0 && bytes.length > SMALL_BYTES) this.options.watch.checkHeld();
      await this.drained();
      this.waitForClient(false);
    }
    this.replyBytes = 0;
  }

  private drained(): Promise<void> {
    return new Promise<void>((resolve) => {
      if (this.socket.destroyed) {
        resolve();
        return;
      }
      const done = (): void => {
        this.socket.off('drain', done);
        this.socket.off('close', done);
        resolve();
      };
      this.socket.once('drain', done);
      this.socket.once('close', done);
    });
  }

  /** A wait counts from its beginning; what little the client does meanwhile does not prolong it. */
  private waitForClient(waiting: boolean): void {
    this.waitingSince = waiting ? (this.waitingSince ?? this.options.watch.now) : undefined;
  }
}
