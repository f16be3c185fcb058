/** MongoDB's answer to a value that a unique index already holds. */

interface WriteError {
  readonly code?: unknown;
  readonly writeErrors?: readonly {
    readonly code?: unknown;
    readonly index?: unknown;
    readonly errmsg?: unknown;
  }[];
}

interface BulkWriteError extends WriteError {
  readonly result?: { getWriteConcernError?(): unknown };
}

/** True when all that went wrong is error 11000; a bulk write has one error for each operation that failed. */
export function isDuplicateKey(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, writeErrors } = error as WriteError;
  if (writeErrors && writeErrors.length > 0) {
    return writeErrors.every((writeError) => writeError.code === DUPLICATE_KEY);
  }
  return code === DUPLICATE_KEY;
}

const DUPLICATE_KEY = 11_000;

/**
 * Which operations of an unordered bulk write were refused, by their position, when all others are durable. Nothing when
 * that is not certain.
 */
export function refusals(error: unknown): ReadonlyMap<unknown, Error> {
  const { writeErrors = [], result } = error as BulkWriteError;
  if (result?.getWriteConcernError?.() !== undefined) return new Map();
  return new Map(
    writeErrors.map(({ index, code, errmsg }) => [
      index,
      Object.assign(new Error(String(errmsg)), { code }),
    ]),
  );
}
