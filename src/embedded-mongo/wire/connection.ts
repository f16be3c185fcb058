import { type Socket } from 'node:net';
import { type Encodable, encodeDocument } from '../bson/encode';
import { CommandError } from '../errors';
import {
  buildReply,
  type Frame,
  HEADER_BYTES,
  messageLength,
  parseFrame,
  ProtocolError,
} from './frames';

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
  /** A client that starts a message, or connects, and then stays silent is cut off after this. */
  readonly silenceMs: number;
}

/** One client. Its commands run one after the other, in the order in which they came. */
export class Connection {
  private chunks: Buffer[] = [];
  private buffered = 0;
  private greeted = false;
  private busy = false;
  private closing = false;
  private silence: NodeJS.Timeout | undefined;
  private finished: (() => void) | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly options: ConnectionOptions,
  ) {
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.clearSilence());
    this.watchSilence();
  }

  /** Closes after the running command, if any, was answered. */
  async close(): Promise<void> {
    this.closing = true;
    this.socket.pause();
    if (this.busy) await new Promise<void>((resolve) => (this.finished = resolve));
    this.socket.destroySoon();
  }

  private receive(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.buffered += chunk.length;
    if (!this.busy) void this.work();
  }

  /** Answers every complete message, then waits for more bytes. */
  private async work(): Promise<void> {
    this.busy = true;
    this.socket.pause();
    try {
      for (let message = this.take(); message !== undefined; message = this.take()) {
        this.greeted = true;
        await this.answer(message);
        if (this.closing) break;
      }
    } catch {
      // Nothing sensible can be said to a peer that does not speak the protocol.
      this.socket.destroy();
    }
    this.busy = false;
    this.finished?.();
    if (this.closing || this.socket.destroyed) return;
    this.watchSilence();
    this.socket.resume();
  }

  /** The next complete message, if all of its bytes are here. */
  private take(): Buffer | undefined {
    if (this.buffered < HEADER_BYTES) return undefined;
    if ((this.chunks[0] as Buffer).length < HEADER_BYTES)
      this.chunks = [Buffer.concat(this.chunks)];
    const length = messageLength(this.chunks[0] as Buffer);
    if (this.buffered < length) return undefined;
    const all = this.chunks.length === 1 ? (this.chunks[0] as Buffer) : Buffer.concat(this.chunks);
    const rest = all.subarray(length);
    this.chunks = rest.length > 0 ? [rest] : [];
    this.buffered = rest.length;
    return all.subarray(0, length);
  }

  private async answer(message: Buffer): Promise<void> {
    let frame: Frame;
    try {
      frame = parseFrame(message);
    } catch (error) {
      if (error instanceof ProtocolError || !(error instanceof CommandError)) throw error;
      // The frame is sound, the BSON in it is not: the client is told.
      const requestId = message.readInt32LE(4);
      await this.send(
        buildReply({ requestId, legacy: false }, encodeDocument(this.options.errorReply(error))),
      );
      return;
    }
    const answer = await this.options.handle(frame, this.options.id);
    if (frame.wantsReply) await this.send(buildReply(frame, this.encode(answer)));
  }

  private encode(answer: Map<string, Encodable>): Buffer {
    try {
      return encodeDocument(answer);
    } catch (error) {
      return encodeDocument(this.options.errorReply(error));
    }
  }

  /** Waits for a slow reader instead of piling up replies in memory. */
  private async send(bytes: Buffer): Promise<void> {
    if (this.socket.destroyed || this.socket.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.socket.off('drain', done);
        this.socket.off('close', done);
        resolve();
      };
      this.socket.once('drain', done);
      this.socket.once('close', done);
    });
  }

  /** A quiet connection between commands is fine, one in the middle of a message is not. */
  private watchSilence(): void {
    const waiting = !this.greeted || this.buffered > 0;
    if (waiting && this.silence !== undefined) return;
    this.clearSilence();
    if (!waiting) return;
    this.silence = setTimeout(() => this.socket.destroy(), this.options.silenceMs);
    this.silence.unref();
  }

  private clearSilence(): void {
    clearTimeout(this.silence);
    this.silence = undefined;
  }
}
