/** Cursors of lists (RFC 9865): places in a list that only this deployment can make and read. */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { DomainError } from '../domain/error';
import { type ListPosition } from '../domain/ports';

/** Seconds. What a cursor says is no secret that lasts, but a key may be changed and a rule emptied meanwhile. */
export const CURSOR_TIMEOUT = 3600;

/** What a cursor belongs to: it is of no use for anything else (RFC 9865 section 2). */
export interface CursorContext {
  /** The rule, the endpoint and the parameters that decide what is listed in which order. */
  readonly query: readonly (string | undefined)[];
  readonly count: number;
}

/** What a cursor holds: the time it was made, the count and the place. */
type Content = readonly [number, number, ListPosition];

const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Values that are longer are not carried in a URL. */
const MAX_VALUE_LENGTH = 1024;
/** Of the text of a cursor: nothing longer was made here. */
const MAX_LENGTH = 8192;

export class Cursors {
  private readonly key: Buffer;

  /** `secret`: the key of the deployment, the same in all of its processes. */
  constructor(
    secret: Buffer,
    private readonly now: () => number = Date.now,
  ) {
    this.key = Buffer.from(hkdfSync('sha256', secret, '', 'usher scim cursor', 32));
  }

  /** Encrypted, because it holds values of attributes and URLs are logged everywhere. */
  seal(position: ListPosition, context: CursorContext): string {
    if (typeof position.value === 'string' && position.value.length > MAX_VALUE_LENGTH) {
      throw new DomainError(
        'invalidValue',
        `Values of more than ${String(MAX_VALUE_LENGTH)} characters cannot be paged through by cursor. Use startIndex, or another sortBy.`,
        { field: 'sortBy' },
      );
    }
    const content: Content = [this.now(), context.count, position];
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv).setAAD(digest(context));
    const data = [cipher.update(JSON.stringify(content), 'utf8'), cipher.final()];
    return Buffer.concat([iv, cipher.getAuthTag(), ...data]).toString('base64url');
  }

  /** Throws `invalidCursor`, `expiredCursor` and, when the count is not the one of the first page, `invalidCount`. */
  open(cursor: string, context: CursorContext): ListPosition {
    const [made, count, position] = this.decrypt(cursor, context);
    if (this.now() - made > CURSOR_TIMEOUT * 1000) {
      throw new DomainError(
        'expiredCursor',
        `The cursor is older than ${String(CURSOR_TIMEOUT)} seconds. Begin with the first page again.`,
      );
    }
    if (count !== context.count) {
      throw new DomainError(
        'invalidCount',
        `The parameter "count" must stay ${String(count)}, as for the first page.`,
        { field: 'count' },
      );
    }
    return position;
  }

  private decrypt(cursor: string, context: CursorContext): Content {
    const bytes = Buffer.from(cursor.slice(0, MAX_LENGTH), 'base64url');
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      })
        .setAAD(digest(context))
        .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      const data = bytes.subarray(IV_BYTES + TAG_BYTES);
      const text = Buffer.concat([decipher.update(data), decipher.final()]).toString('utf8');
      return JSON.parse(text) as Content;
    } catch {
      // One answer for every cause: forged, cut, of another rule, or of another query.
      throw new DomainError(
        'invalidCursor',
        'The cursor is not one of this list. Repeat the request that gave it with nothing changed but the cursor, or leave its value empty to begin again.',
      );
    }
  }
}

function digest({ query }: CursorContext): Buffer {
  return createHash('sha256')
    .update(JSON.stringify(query.map((part) => part ?? null)))
    .digest();
}
