/**
 * Watches what a server sends for what cannot be LDAP (RFC 4511 section 5.1). The library waits for the rest of garbage
 * until the operation times out, and takes a result that is cut short for success.
 */

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const ENUMERATED = 0x0a;
/** The beginning of a message up to the result code, with room to spare. */
const HEAD = 32;
/** A group of a million members is smaller. */
const LARGEST = 256 * 1024 * 1024;

const ENTRY = 0x64;
const REFERENCE = 0x73;
const INTERMEDIATE = 0x79;
/** Bind, search done, modify, add, delete, modify DN, compare, extended: all begin with a result code. */
const RESULTS: ReadonlySet<number> = new Set([0x61, 0x65, 0x67, 0x69, 0x6b, 0x6d, 0x6f, 0x78]);
const OTHERS: ReadonlySet<number> = new Set([ENTRY, REFERENCE, INTERMEDIATE]);

interface Length {
  readonly value: number;
  /** Where the content begins. */
  readonly end: number;
}

/** RFC 4511 section 5.1: only the definite form. Undefined: not complete. */
function lengthAt(bytes: Buffer, at: number): Length | 'wrong' | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first < 0x80) return { value: first, end: at + 1 };
  const count = first - 0x80;
  if (count < 1 || count > 4) return 'wrong';
  if (bytes.length < at + 1 + count) return undefined;
  return { value: bytes.readUIntBE(at + 1, count), end: at + 1 + count };
}

/** Whether what begins at `at` is a message id and a response that a client can get. */
function isResponse(head: Buffer, at: number): boolean {
  const id = lengthAt(head, at + 1);
  if (head[at] !== INTEGER || id === undefined || id === 'wrong' || id.value > 5) return false;
  const operation = id.end + id.value;
  const tag = head[operation] ?? 0;
  if (OTHERS.has(tag)) return true;
  const content = lengthAt(head, operation + 1);
  if (!RESULTS.has(tag) || content === undefined || content === 'wrong') return false;
  const size = head[content.end + 1] ?? 0;
  return content.value >= 7 && head[content.end] === ENUMERATED && size >= 1 && size <= 4;
}

export class Frames {
  private head = Buffer.alloc(0);
  private toSkip = 0;

  /** Takes what came in. False: this is not LDAP, and nothing after it can be understood. */
  read(chunk: Buffer): boolean {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.toSkip > 0) {
        const skipped = Math.min(this.toSkip, rest.length);
        this.toSkip -= skipped;
        rest = rest.subarray(skipped);
        continue;
      }
      const taken = Math.min(HEAD - this.head.length, rest.length);
      const known = this.head.length;
      this.head = Buffer.concat([this.head, rest.subarray(0, taken)]);
      const size = this.begin();
      if (size === 'wrong') return false;
      if (size === undefined) {
        rest = rest.subarray(taken);
        continue;
      }
      rest = rest.subarray(Math.min(size - known, taken));
      this.toSkip = Math.max(0, size - this.head.length);
      this.head = Buffer.alloc(0);
    }
    return true;
  }

  /** The size of the message that begins here, undefined while too little of it has come. */
  private begin(): number | 'wrong' | undefined {
    if (this.head.length > 0 && this.head[0] !== SEQUENCE) return 'wrong';
    const length = lengthAt(this.head, 1);
    if (length === 'wrong' || length === undefined) return length;
    if (length.value > LARGEST) return 'wrong';
    const size = length.end + length.value;
    if (this.head.length < Math.min(HEAD, size)) return undefined;
    return isResponse(this.head.subarray(0, size), length.end) ? size : 'wrong';
  }
}
