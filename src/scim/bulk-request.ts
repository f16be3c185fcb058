/** The body of a bulk request (RFC 7644 section 3.7) as data. */
import { DomainError } from '../domain/error';
import { jsonMember } from './json-member';

export const MAX_BULK_OPERATIONS = 1000;

/** Of objects and lists in each other; what resources and PATCH operations need is less than ten. */
const MAX_DEPTH = 100;

export type BulkMethod = 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const METHODS: ReadonlySet<string> = new Set<BulkMethod>(['POST', 'PUT', 'PATCH', 'DELETE']);

/** One operation as it was sent. What is wrong with it is found when it is its turn: others are carried out all the same. */
export interface BulkOperation {
  readonly method: unknown;
  readonly bulkId: unknown;
  readonly version: unknown;
  readonly path: unknown;
  readonly data: unknown;
}

export interface BulkRequest {
  readonly operations: readonly BulkOperation[];
  /** How many errors end the work; absent: none do. */
  readonly failOnErrors?: number;
}

/** What an operation is about: a resource, or the endpoint where one is to be made. */
export interface BulkTarget {
  readonly method: BulkMethod;
  readonly endpoint: string;
  /** Absent for POST. May be a reference to another operation. */
  readonly id?: string;
}

/** Throws for what makes the whole request senseless. */
export function parseBulk(body: unknown): BulkRequest {
  const operations = jsonMember(body, 'Operations');
  if (!Array.isArray(operations) || operations.length === 0) {
    throw new DomainError(
      'invalidSyntax',
      'The body must be an object with "Operations", a list of at least one operation.',
    );
  }
  if (operations.length > MAX_BULK_OPERATIONS) {
    throw new DomainError(
      'tooLarge',
      `The bulk request has ${String(operations.length)} operations, more than maxOperations (${String(MAX_BULK_OPERATIONS)}). Split it into several requests.`,
    );
  }
  checkDepth(operations);
  const failOnErrors = jsonMember(body, 'failOnErrors') ?? undefined;
  const parsed = operations.map(operationOf);
  if (failOnErrors === undefined) return { operations: parsed };
  if (typeof failOnErrors !== 'number' || !Number.isInteger(failOnErrors) || failOnErrors < 1) {
    throw new DomainError('invalidValue', '"failOnErrors" must be a whole number above 0.', {
      field: 'failOnErrors',
    });
  }
  return { operations: parsed, failOnErrors };
}

/** What is done with operations goes from value to value by recursion, and the answer repeats some of what was sent. */
function checkDepth(operations: readonly unknown[]): void {
  let level: unknown[] = [...operations];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) {
      throw new DomainError(
        'invalidSyntax',
        `The operations have values more than ${String(MAX_DEPTH)} levels deep.`,
      );
    }
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? (Object.values(value) as unknown[]) : [],
    );
  }
}

function operationOf(operation: unknown): BulkOperation {
  return {
    method: jsonMember(operation, 'method'),
    bulkId: jsonMember(operation, 'bulkId') ?? undefined,
    version: jsonMember(operation, 'version') ?? undefined,
    path: jsonMember(operation, 'path'),
    data: jsonMember(operation, 'data'),
  };
}

/** Throws `invalidSyntax` and `invalidValue` for an operation that cannot be understood. */
export function targetOf({ method, path }: BulkOperation): BulkTarget {
  const name = typeof method === 'string' ? method.toUpperCase() : '';
  if (!isMethod(name)) {
    throw new DomainError('invalidSyntax', '"method" must be POST, PUT, PATCH or DELETE.');
  }
  const [endpoint, id, ...more] = typeof path === 'string' ? segmentsOf(path) : [];
  const fits = name === 'POST' ? id === undefined : id !== undefined && id !== '';
  if (endpoint === undefined || endpoint === '' || more.length > 0 || !fits) {
    const example = name === 'POST' ? '/Users' : '/Users/<id>';
    throw new DomainError('invalidValue', `"path" of ${name} must be like "${example}".`, {
      field: 'path',
    });
  }
  return id === undefined ? { method: name, endpoint } : { method: name, endpoint, id };
}

function segmentsOf(path: string): readonly string[] {
  try {
    return path.replace(/^\//, '').split('/').map(decodeURIComponent);
  } catch {
    return [];
  }
}

function isMethod(name: string): name is BulkMethod {
  return METHODS.has(name);
}
