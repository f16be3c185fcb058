import { randomBytes } from 'node:crypto';
import { CommandError } from '../errors';
import { type Deadline } from '../storage/scan';

/** Delivers the documents of a cursor in portions. */
export interface DocumentSource {
  /** Bytes of documents kept in memory for later. */
  readonly heldBytes: number;
  /** True when nothing is left. */
  readonly done: boolean;
  next(count: number, deadline: Deadline): Buffer[];
}

/** Reply documents must stay below 16 MB; the rest of the room is for the reply itself. */
export const BATCH_BYTES = 16 * 1024 * 1024 - 64 * 1024;
const HELD_BYTES_LIMIT = 256 * 1024 * 1024;
const CURSOR_LIMIT = 10_000;
const IDLE_MS = 10 * 60_000;
const LONG_IDLE_MS = 30 * 60_000;

interface Cursor {
  readonly namespace: string;
  readonly source: DocumentSource;
  readonly idleMs: number;
  lastUsed: number;
}

/** Takes documents from a list until the count or the size of a batch is reached. */
export function takeBatch(documents: Buffer[], count: number): Buffer[] {
  let bytes = 0;
  let taken = 0;
  while (taken < documents.length && taken < count) {
    bytes += (documents[taken] as Buffer).length + 16;
    if (taken > 0 && bytes > BATCH_BYTES) break;
    taken += 1;
  }
  return documents.splice(0, taken);
}

/** A result that is completely in memory. */
export class BufferedSource implements DocumentSource {
  heldBytes: number;

  constructor(private readonly documents: Buffer[]) {
    this.heldBytes = documents.reduce((sum, { length }) => sum + length, 0);
  }

  get done(): boolean {
    return this.documents.length === 0;
  }

  next(count: number): Buffer[] {
    const batch = takeBatch(this.documents, count);
    this.heldBytes -= batch.reduce((sum, { length }) => sum + length, 0);
    return batch;
  }
}

/** The open cursors. Cursors nobody reads from any more are closed after a while. */
export class CursorRegistry {
  private readonly cursors = new Map<bigint, Cursor>();

  /** Registers a cursor and returns its id. */
  add(namespace: string, source: DocumentSource, keepLonger: boolean): bigint {
    const held = [...this.cursors.values()].reduce(
      (sum, cursor) => sum + cursor.source.heldBytes,
      0,
    );
    if (this.cursors.size >= CURSOR_LIMIT || held + source.heldBytes > HELD_BYTES_LIMIT) {
      throw new CommandError(292, 'too many open cursors or too much memory held by them');
    }
    const id = BigInt.asUintN(62, randomBytes(8).readBigUInt64LE()) + 1n;
    const idleMs = keepLonger ? LONG_IDLE_MS : IDLE_MS;
    this.cursors.set(id, { namespace, source, idleMs, lastUsed: Date.now() });
    return id;
  }

  /** Reads on; the cursor is gone when it is exhausted or failed. */
  next(
    id: bigint,
    namespace: string,
    count: number,
    deadline: Deadline,
  ): { documents: Buffer[]; open: boolean } {
    const cursor = this.cursors.get(id);
    if (cursor === undefined) throw new CommandError(43, `cursor id ${id} not found`);
    if (cursor.namespace !== namespace) {
      throw new CommandError(13, `cursor id ${id} belongs to another namespace`);
    }
    this.cursors.delete(id);
    const documents = cursor.source.next(count, deadline);
    if (!cursor.source.done) {
      cursor.lastUsed = Date.now();
      this.cursors.set(id, cursor);
    }
    return { documents, open: !cursor.source.done };
  }

  /** Closes a cursor; false when there is none. */
  kill(id: bigint, namespace: string): boolean {
    return this.cursors.get(id)?.namespace === namespace && this.cursors.delete(id);
  }

  /** Closes the cursors that were idle for too long. */
  reap(now: number): void {
    for (const [id, { lastUsed, idleMs }] of this.cursors) {
      if (now - lastUsed > idleMs) this.cursors.delete(id);
    }
  }
}
