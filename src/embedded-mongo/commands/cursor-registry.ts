import { randomBytes } from 'node:crypto';
import { CommandError } from '../errors';
import { checkDeadline, type Deadline } from '../storage/scan';

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
/** With noCursorTimeout: as long as a session lives without being used. */
const LONGER = 3;

/** Who opened a cursor. */
export interface CursorOwner {
  readonly connectionId: number;
  /** The id of the logical session, where the client has one. */
  readonly session: string | undefined;
}

interface Cursor {
  readonly namespace: string;
  readonly source: DocumentSource;
  readonly owner: CursorOwner;
  readonly idleMs: number;
  lastUsed: number;
  /** What the whole cursor may still take of the time its client allowed; Infinity without limit. */
  leftMs: number;
}

/** A new cursor. */
export interface NewCursor {
  readonly namespace: string;
  readonly source: DocumentSource;
  readonly owner: CursorOwner;
  readonly keepLonger: boolean;
  readonly deadline: Deadline;
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
  private heldBytes = 0;

  constructor(private readonly idleMs: number) {}

  /** Registers a cursor and returns its id. */
  add({ namespace, source, owner, keepLonger, deadline }: NewCursor): bigint {
    if (this.cursors.size >= CURSOR_LIMIT || this.heldBytes + source.heldBytes > HELD_BYTES_LIMIT) {
      throw new CommandError(292, 'too many open cursors or too much memory held by them');
    }
    const id = BigInt.asUintN(62, randomBytes(8).readBigUInt64LE()) + 1n;
    const now = Date.now();
    this.put(id, {
      namespace,
      source,
      owner,
      idleMs: keepLonger ? this.idleMs * LONGER : this.idleMs,
      lastUsed: now,
      leftMs: deadline === 0 ? Infinity : deadline - now,
    });
    return id;
  }

  /** Reads on; the cursor is gone when it is exhausted or failed. */
  next(id: bigint, namespace: string, count: number): { documents: Buffer[]; open: boolean } {
    const cursor = this.cursors.get(id);
    if (cursor === undefined) throw new CommandError(43, `cursor id ${id} not found`);
    if (cursor.namespace !== namespace) {
      throw new CommandError(13, `cursor id ${id} belongs to another namespace`);
    }
    this.remove(id, cursor);
    const begun = Date.now();
    const deadline = cursor.leftMs === Infinity ? 0 : begun + cursor.leftMs;
    checkDeadline(deadline);
    const documents = cursor.source.next(count, deadline);
    if (cursor.source.done) return { documents, open: false };
    cursor.lastUsed = Date.now();
    cursor.leftMs -= cursor.lastUsed - begun;
    this.put(id, cursor);
    if (this.heldBytes > HELD_BYTES_LIMIT) {
      this.remove(id, cursor);
      throw new CommandError(292, 'too much memory held by open cursors');
    }
    return { documents, open: true };
  }

  /** Closes a cursor; false when there is none. */
  kill(id: bigint, namespace: string): boolean {
    const cursor = this.cursors.get(id);
    if (cursor?.namespace !== namespace) return false;
    this.remove(id, cursor);
    return true;
  }

  /** Closes the cursors that were idle for too long. */
  reap(now: number): void {
    this.removeWhere(({ lastUsed, idleMs }) => now - lastUsed > idleMs);
  }

  /** Closes the cursors of sessions that ended. */
  endSessions(sessions: ReadonlySet<string>): void {
    this.removeWhere(({ owner }) => owner.session !== undefined && sessions.has(owner.session));
  }

  /**
   * Closes what nobody can read any more. A session may go on with its cursors on any connection of
   * its client; without a session only the one that opened the cursor is sure to know it.
   */
  forgetConnection(connectionId: number, wasLast: boolean): void {
    if (this.cursors.size === 0) return;
    this.removeWhere(
      ({ owner }) =>
        wasLast || (owner.session === undefined && owner.connectionId === connectionId),
    );
  }

  private put(id: bigint, cursor: Cursor): void {
    this.cursors.set(id, cursor);
    this.heldBytes += cursor.source.heldBytes;
  }

  private remove(id: bigint, cursor: Cursor): void {
    this.cursors.delete(id);
    this.heldBytes -= cursor.source.heldBytes;
  }

  private removeWhere(condition: (cursor: Cursor) => boolean): void {
    for (const [id, cursor] of this.cursors) if (condition(cursor)) this.remove(id, cursor);
  }
}
