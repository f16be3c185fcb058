/** A connector's answers are not taken on trust: what is stored and acted on has been checked here. */
import {
  type DirectoryResponse,
  type Entry,
  type MemberDifference,
  type NativeChange,
  type TargetSchema,
  type TestStep,
  type Written,
} from '../../../connectors/spi';
import { ConnectorFault } from '../errors';

const LONGEST_REFERENCE = 1_024;
const LONGEST_NAME = 8_192;
/** In characters, of all values of an entry: more than any directory holds, less than what hurts. */
const LARGEST_ENTRY = 64 * 1_048_576;
const MOST_WARNINGS = 1_000;
const MOST_CORRELATED = 1_000;

/** What a write answered. The reference of an entry never changes. */
export function checkWritten(answer: Written, operation: string, reference?: string): Written {
  checkRef(answer, operation);
  if (reference !== undefined && answer.reference !== reference) {
    throw new ConnectorFault(`"${operation}" answered with the reference of another entry`);
  }
  if (answer.warnings !== undefined && !isTextList(answer.warnings)) {
    throw new ConnectorFault(`"${operation}" answered with malformed warnings`);
  }
  const { reference: own, name, warnings } = answer;
  return {
    reference: own,
    name,
    ...(warnings ? { warnings: warnings.slice(0, MOST_WARNINGS) } : {}),
  };
}

/** What `correlate` answered. */
export function checkEntries(answer: readonly Entry[], operation: string): readonly Entry[] {
  if (!isList(answer) || answer.length > MOST_CORRELATED) {
    throw new ConnectorFault(`"${operation}" answered without a list of a sensible length`);
  }
  return answer.map((entry: Entry) => checkEntry(entry, operation));
}

/** What `compareMembers` answered. */
export function checkMemberDifference(answer: MemberDifference): MemberDifference {
  if (isObject(answer)) {
    if ('extra' in answer && isText(answer.extra, LONGEST_NAME)) return { extra: answer.extra };
    if ('missing' in answer && isObject(answer.missing)) {
      checkRef(answer.missing, 'compareMembers');
      const { reference, name } = answer.missing;
      return { missing: { reference, name } };
    }
  }
  throw new ConnectorFault('"compareMembers" answered with a malformed difference');
}

export function checkEntry(answer: Entry, operation: string): Entry {
  checkRef(answer, operation);
  const { attributes, active, owner } = answer;
  if (typeof active !== 'boolean' || (owner !== undefined && typeof owner !== 'string')) {
    throw new ConnectorFault(`"${operation}" answered with a malformed entry`);
  }
  if (!isObject(attributes) || !Object.values(attributes).every(isTextList)) {
    throw new ConnectorFault(`"${operation}" answered with malformed attributes`);
  }
  const { reference, name } = answer;
  const copied = copyOf(attributes, operation);
  return {
    reference,
    name,
    attributes: copied,
    active,
    ...(owner === undefined ? {} : { owner }),
  };
}

/** The gateway's own: nobody changes it later, and a name such as `__proto__` is a name like any other. */
function copyOf(attributes: Entry['attributes'], operation: string): Entry['attributes'] {
  const copy = Object.create(null) as Record<string, readonly string[]>;
  let size = 0;
  for (const [name, values] of Object.entries(attributes)) {
    copy[name] = [...values];
    for (const value of values) size += value.length;
  }
  if (size <= LARGEST_ENTRY) return copy;
  throw new ConnectorFault(`"${operation}" answered with an entry that is too large`);
}

export function checkSteps(answer: readonly TestStep[]): readonly TestStep[] {
  if (isList(answer) && answer.every(isStep)) return answer;
  throw new ConnectorFault('"test" answered with malformed steps');
}

const MOST_ATTRIBUTES = 5_000;

/** What a directory can hold, as shown to administrators. */
export function checkSchema(answer: unknown): TargetSchema {
  if (!isObject(answer) || ![answer['user'], answer['group']].every(isAttributeList)) {
    throw new ConnectorFault('"schema" answered with a malformed schema');
  }
  return answer as unknown as TargetSchema;
}

function isAttributeList(value: unknown): boolean {
  return isList(value) && value.length <= MOST_ATTRIBUTES && value.every(isAttribute);
}

function isAttribute(value: unknown): boolean {
  return (
    isObject(value) &&
    isText(value['name'], LONGEST_REFERENCE) &&
    ['multiValued', 'required', 'readOnly'].every((flag) => typeof value[flag] === 'boolean') &&
    (value['maxLength'] === undefined || Number.isSafeInteger(value['maxLength']))
  );
}

const MOST_CHANGES = 1_000;

/** What would be changed, as shown to administrators. */
export function checkPlan(answer: unknown): readonly NativeChange[] {
  const sound =
    isList(answer) &&
    answer.length <= MOST_CHANGES &&
    answer.every(
      (change) =>
        isObject(change) &&
        ['operation', 'object', 'detail'].every((part) => typeof change[part] === 'string'),
    );
  if (!sound) throw new ConnectorFault('"plan" answered with malformed changes');
  return answer as readonly NativeChange[];
}

/** As Node takes them: a name that is a token, a value without control characters (RFC 9110 section 5.5). */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// eslint-disable-next-line no-control-regex -- these are the ones that are refused
const HEADER_VALUE = /^[^\0-\x08\x0a-\x1f\x7f\u0100-\uffff]*$/;
/** The gateway's own: they say how the answer is carried, not what it is. */
const CARRIAGE: readonly string[] = [
  ...['connection', 'content-length', 'keep-alive', 'te', 'trailer', 'transfer-encoding'],
  'upgrade',
];
const LONGEST_BODY = 1_048_576;

/** What a directory is about to be told. */
export function checkResponse(answer: unknown): DirectoryResponse {
  const sound =
    isObject(answer) &&
    isStatus(answer['status']) &&
    isObject(answer['headers']) &&
    Object.entries(answer['headers']).every(isHeader) &&
    (typeof answer['body'] === 'string' || answer['body'] instanceof Uint8Array);
  if (!sound) throw new ConnectorFault('"answer" answered with a malformed response');
  const { status, headers, body } = answer as unknown as DirectoryResponse;
  if (Buffer.byteLength(body) > LONGEST_BODY) {
    throw new ConnectorFault('"answer" answered with more than 1 MiB');
  }
  return { status, headers, body };
}

function isStatus(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 200 && value <= 599;
}

function isHeader([name, value]: [string, unknown]): boolean {
  return (
    HEADER_NAME.test(name) &&
    !CARRIAGE.includes(name.toLowerCase()) &&
    typeof value === 'string' &&
    HEADER_VALUE.test(value)
  );
}

const STATES: readonly unknown[] = ['ok', 'warning', 'failed'];

function isStep(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value['name'] === 'string' &&
    typeof value['message'] === 'string' &&
    STATES.includes(value['state'])
  );
}

function checkRef(answer: unknown, operation: string): void {
  const sound =
    isObject(answer) &&
    isText(answer['reference'], LONGEST_REFERENCE) &&
    isText(answer['name'], LONGEST_NAME);
  if (!sound) throw new ConnectorFault(`"${operation}" answered without a usable reference`);
}

function isText(value: unknown, longest: number): boolean {
  return typeof value === 'string' && value !== '' && value.length <= longest;
}

function isTextList(value: unknown): boolean {
  return isList(value) && value.every((item) => typeof item === 'string');
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
