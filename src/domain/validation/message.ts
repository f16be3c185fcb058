/** Protocol messages (RFC 7644 section 3.1): the JSON objects that convey a request and are no resources. */
import { DomainError } from '../error';
import { invalid } from './invalid';

/** Operations are looked at by who carries them out. */
type MemberType = 'string' | 'strings' | 'integer' | 'operations';

export interface MessageDefinition {
  readonly schema: string;
  readonly members: Readonly<Record<string, MemberType>>;
}

const MESSAGES = 'urn:ietf:params:scim:api:messages:2.0';

/** RFC 7644 section 3.5.2. */
export const PATCH_OP: MessageDefinition = {
  schema: `${MESSAGES}:PatchOp`,
  members: { Operations: 'operations' },
};

/** RFC 7644 section 3.4.3, RFC 9865 section 2. */
export const SEARCH_REQUEST: MessageDefinition = {
  schema: `${MESSAGES}:SearchRequest`,
  members: {
    attributes: 'strings',
    excludedAttributes: 'strings',
    filter: 'string',
    sortBy: 'string',
    sortOrder: 'string',
    startIndex: 'integer',
    count: 'integer',
    cursor: 'string',
  },
};

/** RFC 7644 section 3.7. */
export const BULK_REQUEST: MessageDefinition = {
  schema: `${MESSAGES}:BulkRequest`,
  members: { failOnErrors: 'integer', Operations: 'operations' },
};

/** Throws `invalidSyntax` and `invalidValue`. Names of members are compared regardless of case (RFC 7643 section 2.1). */
export function checkMessage({ schema, members }: MessageDefinition, body: unknown): void {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new DomainError('invalidSyntax', 'The body must be a JSON object.');
  }
  const types = new Map<string, MemberType>([['schemas', 'strings']]);
  for (const [name, type] of Object.entries(members)) types.set(name.toLowerCase(), type);
  let identified = false;
  for (const [name, value] of Object.entries(body) as [string, unknown][]) {
    const type = types.get(name.toLowerCase());
    if (type === undefined) {
      throw new DomainError('invalidSyntax', `"${name}" is not a member of this message.`, {
        field: name,
      });
    }
    if (value !== null && !isOf(value, type)) throw invalid(name, `must be ${NAMES[type]}`);
    if (name.toLowerCase() === 'schemas') identified = has(value, schema);
  }
  if (!identified) throw invalid('schemas', `must have "${schema}"`);
}

const NAMES: Readonly<Record<MemberType, string>> = {
  string: 'a string',
  strings: 'a list of strings',
  integer: 'an integer',
  operations: 'a list',
};

function isOf(value: unknown, type: MemberType): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'strings':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    case 'integer':
      return Number.isSafeInteger(value);
    case 'operations':
      return true;
  }
}

function has(list: unknown, urn: string): boolean {
  return (
    Array.isArray(list) &&
    list.some((item) => typeof item === 'string' && item.toLowerCase() === urn.toLowerCase())
  );
}
