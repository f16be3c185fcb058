import { EJSON } from 'bson';
import { type Fields } from './specification';

function isPlain(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !('_bsontype' in value) && !(value instanceof Date) && !(value instanceof RegExp);
}

/** Numbers are compared by value, whatever type the driver chose. */
function canonical(value: unknown): string {
  const text = EJSON.stringify(value, { relaxed: true });
  return typeof value === 'bigint' ? String(value) : text;
}

function matchesType(type: unknown, actual: unknown): boolean {
  const accepted = Array.isArray(type) ? (type as unknown[]) : [type];
  return accepted.some((name) => {
    if (name === 'string' || name === 'object') return typeof actual === name;
    if (name === 'objectId') return isObjectId(actual);
    return ['int', 'long', 'double'].includes(String(name)) && typeof actual === 'number';
  });
}

function isObjectId(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '_bsontype' in value
    ? value._bsontype === 'ObjectId'
    : false;
}

function matchesSpecial(expected: Fields, actual: unknown, root: boolean): boolean | undefined {
  const [operator = ''] = Object.keys(expected);
  const operand = expected[operator];
  // The driver says null where the specification says that nothing is set.
  const unset = actual === undefined || actual === null;
  switch (operator) {
    case '$$unsetOrMatches':
      return unset || matches(operand, actual, root);
    case '$$exists':
      return operand === !unset;
    case '$$type':
      return matchesType(operand, actual);
    default:
      return undefined;
  }
}

function matchesFields(expected: Fields, actual: unknown, root: boolean): boolean {
  if (typeof actual !== 'object' || actual === null) return false;
  const found = actual as Fields;
  const all = Object.entries(expected).every(([key, value]) => matches(value, found[key], false));
  return all && (root || Object.keys(found).every((key) => key in expected));
}

/**
 * Whether a value is what the unified test format expects. Documents at the root, and those in an
 * array at the root, may have more fields than expected.
 */
export function matches(expected: unknown, actual: unknown, root = true): boolean {
  if (Array.isArray(expected)) {
    return (
      Array.isArray(actual) &&
      expected.length === actual.length &&
      expected.every((item, at) => matches(item, actual[at], root))
    );
  }
  if (isPlain(expected)) {
    const special = matchesSpecial(expected, actual, root);
    return special ?? matchesFields(expected, actual, root);
  }
  return canonical(expected) === canonical(actual);
}
