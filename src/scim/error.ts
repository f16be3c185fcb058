/** Errors as SCIM error responses (RFC 7644 section 3.12): the one place that knows their HTTP status codes. */
import { DomainError, type DomainErrorCode } from '../domain/error';
import { type ScimResponse } from './http';

const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';

interface ErrorKind {
  readonly status: number;
  /** A keyword of RFC 7644 table 9 or RFC 9865 table 3; absent where the RFC has none. */
  readonly scimType?: string;
}

const KINDS: Readonly<Record<DomainErrorCode, ErrorKind>> = {
  invalidFilter: { status: 400, scimType: 'invalidFilter' },
  tooMany: { status: 400, scimType: 'tooMany' },
  uniqueness: { status: 409, scimType: 'uniqueness' },
  mutability: { status: 400, scimType: 'mutability' },
  invalidSyntax: { status: 400, scimType: 'invalidSyntax' },
  invalidPath: { status: 400, scimType: 'invalidPath' },
  noTarget: { status: 400, scimType: 'noTarget' },
  invalidValue: { status: 400, scimType: 'invalidValue' },
  invalidCursor: { status: 400, scimType: 'invalidCursor' },
  expiredCursor: { status: 400, scimType: 'expiredCursor' },
  invalidCount: { status: 400, scimType: 'invalidCount' },
  unauthorized: { status: 401 },
  forbidden: { status: 403 },
  notFound: { status: 404 },
  conflict: { status: 409 },
  preconditionFailed: { status: 412 },
  tooLarge: { status: 413 },
  unsupported: { status: 501 },
  unavailable: { status: 503 },
};

/** Headers that tell the client how to go on. */
const HEADERS: Partial<Record<DomainErrorCode, Readonly<Record<string, string>>>> = {
  unauthorized: { 'WWW-Authenticate': 'Bearer realm="SCIM", Basic realm="SCIM", charset="UTF-8"' },
  unavailable: { 'Retry-After': '5' },
};

/** What the JSON parser of Express reports in the `type` of its errors. */
const BODY_ERRORS: ReadonlyMap<unknown, ErrorKind & { readonly detail: string }> = new Map([
  [
    'entity.parse.failed',
    { status: 400, scimType: 'invalidSyntax', detail: 'The body is not valid JSON.' },
  ],
  ['charset.unsupported', { status: 415, detail: 'The body must be JSON in UTF-8.' }],
  [
    'encoding.unsupported',
    { status: 415, detail: 'Use no Content-Encoding, or one of gzip, deflate and br.' },
  ],
  ['request.aborted', { status: 400, detail: 'The request was cut short.' }],
  [
    'request.size.invalid',
    { status: 400, detail: 'The body is not as long as Content-Length says.' },
  ],
]);

/** A body of a type that is not JSON. */
export class UnsupportedMediaType extends Error {
  constructor(type: string) {
    super(`The Content-Type must be application/scim+json or application/json, not "${type}".`);
  }
}

/** Something that must not happen did; the client is told nothing of it, so it has to be logged. */
export function isUnexpected(error: unknown): boolean {
  return errorResponse(error).status === 500;
}

export function errorResponse(error: unknown): ScimResponse {
  if (error instanceof DomainError) {
    const response = scimError(KINDS[error.code], error.message);
    const headers = HEADERS[error.code];
    return headers === undefined ? response : { ...response, headers };
  }
  if (error instanceof UnsupportedMediaType) return scimError({ status: 415 }, error.message);
  // The router cannot decode the path, or a profile the query.
  if (error instanceof URIError) {
    return scimError({ status: 400 }, 'The URL has a broken percent-encoding.');
  }
  const type = error instanceof Error && 'type' in error ? error.type : undefined;
  if (type === 'entity.too.large') return tooLarge(error);
  const known = BODY_ERRORS.get(type) ?? (isZlibError(error) ? BROKEN_ENCODING : undefined);
  if (known !== undefined) return scimError(known, known.detail);
  return scimError({ status: 500 }, 'The server failed to handle the request. Try again later.');
}

/** RFC 7644 section 3.7.4: the answer names the limit. */
function tooLarge(error: unknown): ScimResponse {
  const limit = error instanceof Error && 'limit' in error ? String(error.limit) : '';
  const detail = `The body is larger than ${limit} bytes. Send less at once.`;
  return scimError({ status: 413 }, detail);
}

const BROKEN_ENCODING = {
  status: 400,
  detail: 'The body cannot be decoded as Content-Encoding says.',
};

function isZlibError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return (
    typeof code === 'string' && (code.startsWith('Z_') || code.startsWith('ERR__ERROR_FORMAT'))
  );
}

/** 405, with the methods there are (RFC 7231 section 6.5.5). */
export function methodNotAllowed(methods: readonly string[]): ScimResponse {
  const allow = methods.join(', ');
  return { ...scimError({ status: 405 }, `Use one of: ${allow}.`), headers: { Allow: allow } };
}

function scimError({ status, scimType }: ErrorKind, detail: string): ScimResponse {
  // The status is a string here (RFC 7644 section 3.12).
  const body = { schemas: [ERROR], status: String(status), detail };
  return { status, body: scimType === undefined ? body : { ...body, scimType } };
}
