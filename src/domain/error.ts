/** What can be wrong with a request, in words every protocol translates: `scim/error.ts`, `graphql/error.ts`. */

/** The scimTypes of RFC 7644 section 3.12 and RFC 9865 section 2.1, and the conditions that have an HTTP status of their own. */
export type DomainErrorCode =
  | 'invalidFilter'
  | 'tooMany'
  | 'uniqueness'
  | 'mutability'
  | 'invalidSyntax'
  | 'invalidPath'
  | 'noTarget'
  | 'invalidValue'
  | 'invalidCursor'
  | 'expiredCursor'
  | 'invalidCount'
  | 'notFound'
  | 'conflict'
  | 'preconditionFailed'
  | 'unauthorized'
  | 'forbidden'
  | 'tooLarge'
  | 'unsupported'
  | 'unavailable';

/** An error the client can mend. The message says what is wrong and how to mend it; it is shown as it is. */
export class DomainError extends Error {
  override readonly name = 'DomainError';

  constructor(
    readonly code: DomainErrorCode,
    message: string,
    options: {
      readonly cause?: unknown;
      /** The attribute or input field at fault. */ readonly field?: string;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.field = options.field;
  }

  readonly field: string | undefined;
}

/** The store does not answer. What was asked of it may have been done all the same, as a whole or not at all. */
export class StoreUnavailable extends DomainError {
  constructor(cause: unknown) {
    super('unavailable', 'The database does not answer. Try again in a few seconds.', { cause });
  }
}
