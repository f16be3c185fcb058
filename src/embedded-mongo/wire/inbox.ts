import { HEADER_BYTES, messageLength } from './frames';

const NOTHING = Buffer.alloc(0);
/** Longer messages are not kept in memory by what follows them. */
const KEPT_BYTES = 64 * 1024;

/**
 * Puts the bytes of one connection together to messages. Bytes of an unfinished message are copied
 * into one growing buffer: a client that sends single bytes must not cost an object for each.
 */
export class Inbox {
  private bytes: Buffer = NOTHING;
  private used = 0;

  /** Bytes waiting here. */
  get length(): number {
    return this.used;
  }

  add(chunk: Buffer): void {
    if (this.used === 0) {
      this.bytes = chunk;
    } else {
      this.reserve(this.used + chunk.length);
      chunk.copy(this.bytes, this.used);
    }
    this.used += chunk.length;
  }

  /** The next message, if all of it is here. Throws when no message can start like this. */
  take(): Buffer | undefined {
    if (this.used < HEADER_BYTES) return undefined;
    const length = messageLength(this.bytes);
    if (this.used < length) return undefined;
    const message = this.bytes.subarray(0, length);
    this.bytes = this.rest(length);
    this.used -= length;
    return message;
  }

  clear(): void {
    this.bytes = NOTHING;
    this.used = 0;
  }

  /** What follows the message. A few bytes must not keep a huge message in memory. */
  private rest(start: number): Buffer {
    if (start === this.used) return NOTHING;
    const rest = this.bytes.subarray(start, this.used);
    return start > KEPT_BYTES ? Buffer.from(rest) : rest;
  }

  /** Doubles, and never trusts the length a header announces: it costs the client nothing. */
  private reserve(needed: number): void {
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.used);
    this.bytes = larger;
  }
}
