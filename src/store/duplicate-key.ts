/** MongoDB's answer to a value that a unique index already holds. */

interface WriteError {
  readonly code?: unknown;
  readonly writeErrors?: readonly { readonly code?: unknown }[];
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
