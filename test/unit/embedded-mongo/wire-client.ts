import { connect, type Socket } from 'node:net';
import { mongo } from 'mongoose';

const { BSON } = mongo;
const HEADER_BYTES = 16;
const OP_MSG = 2013;

/** The header of a message. */
export function header(length: number, code = OP_MSG): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.writeInt32LE(length, 0);
  bytes.writeInt32LE(7, 4);
  bytes.writeInt32LE(code, 12);
  return bytes;
}

/** A message with sections that are already encoded. */
export function rawMessage(sections: Uint8Array, flags = 0): Buffer {
  const flagBytes = Buffer.alloc(4);
  flagBytes.writeUInt32LE(flags >>> 0);
  return Buffer.concat([header(20 + sections.length), flagBytes, sections]);
}

/** A message with one body. */
export function message(body: Uint8Array, flags = 0): Buffer {
  return rawMessage(Buffer.concat([Buffer.from([0]), body]), flags);
}

/** A command as a message; what names it must come first. */
export function command(document: mongo.Document, flags = 0): Buffer {
  return message(BSON.serialize({ ...document, $db: 'test' }), flags);
}

/** A document sequence section. */
export function sequence(name: string, documents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat([Buffer.from(`${name}\0`), ...documents]);
  const size = Buffer.alloc(4);
  size.writeInt32LE(content.length + 4);
  return Buffer.concat([Buffer.from([1]), size, content]);
}

/** A connection that sends whatever it is told to and collects complete replies. */
export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  isClosed = false;
  private received = Buffer.alloc(0);
  private readonly waiting: ((reply: mongo.Document | 'closed') => void)[] = [];

  constructor(path: string) {
    this.socket = connect(path);
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    this.socket.once('close', () => {
      this.isClosed = true;
      for (const give of this.waiting.splice(0)) give('closed');
    });
    this.socket.on('data', (data: Buffer) => {
      this.received = Buffer.concat([this.received, data]);
      this.deliver();
    });
  }

  /** The next reply, or that the server closed the connection instead. */
  reply(): Promise<mongo.Document | 'closed'> {
    return new Promise((resolve) => {
      if (this.isClosed) resolve('closed');
      else this.waiting.push(resolve);
      this.deliver();
    });
  }

  /** Sends bytes and waits for the reply. */
  ask(bytes: Buffer): Promise<mongo.Document | 'closed'> {
    this.socket.write(bytes);
    return this.reply();
  }

  private deliver(): void {
    while (this.waiting.length > 0 && this.received.length >= HEADER_BYTES) {
      const length = this.received.readInt32LE(0);
      if (this.received.length < length) return;
      // OP_REPLY has 20 bytes before its document, OP_MSG five.
      const start = HEADER_BYTES + (this.received.readInt32LE(12) === 1 ? 20 : 5);
      const reply = BSON.deserialize(this.received.subarray(start, length));
      this.received = this.received.subarray(length);
      this.waiting.shift()?.(reply);
    }
  }
}
