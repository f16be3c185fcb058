import { type BsonDocument, type BsonValue, typeName } from '../bson/types';
import { badValue, CommandError } from '../errors';

const POSITION = /^(0|[1-9]\d*)$/;
/** MongoDB also refuses to pad an array by more than this. */
const MAX_PADDING = 1_500_000;

type Container = BsonDocument | BsonValue[];

/** The position an array path part names; undefined when it is not a number. */
function positionOf(part: string): number | undefined {
  return POSITION.test(part) ? Number(part) : undefined;
}

function child(container: Container, part: string): BsonValue | undefined {
  if (container instanceof Map) return container.get(part);
  const position = positionOf(part);
  return position === undefined ? undefined : container[position];
}

function notViable(part: string, holder: string, value: BsonValue): CommandError {
  return new CommandError(
    28,
    `Cannot create field '${part}' in element {${holder}: ${typeName(value)}}`,
  );
}

function assign(container: Container, part: string, holder: string, value: BsonValue): void {
  if (container instanceof Map) {
    container.set(part, value);
    return;
  }
  const position = positionOf(part);
  if (position === undefined) throw notViable(part, holder, container);
  if (position > container.length + MAX_PADDING) throw badValue('the array index is too large');
  while (container.length < position) container.push(null);
  container[position] = value;
}

/** Reads the value at a path without walking into array elements. */
export function valueAt(document: BsonDocument, parts: readonly string[]): BsonValue | undefined {
  let value: BsonValue | undefined = document;
  for (const part of parts) {
    if (!(value instanceof Map) && !Array.isArray(value)) return undefined;
    value = child(value, part);
  }
  return value;
}

/** Sets the value at a path, creating documents on the way. */
export function setAt(document: BsonDocument, parts: readonly string[], value: BsonValue): void {
  let container: Container = document;
  let holder = '';
  for (const part of parts.slice(0, -1)) {
    let next = child(container, part);
    if (next === undefined) {
      next = new Map();
      assign(container, part, holder, next);
    }
    holder = part;
    if (!(next instanceof Map) && !Array.isArray(next)) {
      throw notViable(parts[parts.indexOf(part) + 1] as string, part, next);
    }
    container = next;
  }
  assign(container, parts.at(-1) as string, holder, value);
}

/** Refuses a path that leads through a scalar, or into an array without a position. */
export function assertViable(document: BsonDocument, parts: readonly string[]): void {
  let value: BsonValue = document;
  let holder = '';
  for (const part of parts) {
    const isArray: boolean = Array.isArray(value);
    if (isArray ? positionOf(part) === undefined : !(value instanceof Map)) {
      throw notViable(part, holder, value);
    }
    const next = child(value as Container, part);
    if (next === undefined) return;
    value = next;
    holder = part;
  }
}

/** Removes the value at a path; an array element becomes null. */
export function unsetAt(document: BsonDocument, parts: readonly string[]): void {
  const container = valueAt(document, parts.slice(0, -1));
  const last = parts.at(-1) as string;
  if (container instanceof Map) {
    container.delete(last);
  } else if (Array.isArray(container)) {
    const position = positionOf(last);
    if (position !== undefined && position < container.length) container[position] = null;
  }
}

/** Checks a path of an update and splits it. */
export function updatePath(path: string): readonly string[] {
  const parts = path.split('.');
  if (path === '' || parts.includes('')) {
    throw new CommandError(56, `The update path '${path}' contains an empty field name.`);
  }
  const special = parts.find((part) => part.startsWith('$'));
  if (special === undefined) return parts;
  if (special === '$' || special.startsWith('$[')) {
    throw new CommandError(
      238,
      `The positional operator '${special}' is not supported by the embedded server`,
    );
  }
  throw new CommandError(
    52,
    `The dollar ($) prefixed field '${special}' in '${path}' is not allowed in the context of an update`,
  );
}

/** A copy that shares no container with the original. */
export function deepCopy(value: BsonDocument): BsonDocument;
export function deepCopy(value: BsonValue): BsonValue;
export function deepCopy(value: BsonValue): BsonValue {
  if (Array.isArray(value)) return value.map((element) => deepCopy(element));
  if (!(value instanceof Map)) return value;
  const copy: BsonDocument = new Map();
  for (const [name, field] of value) copy.set(name, deepCopy(field));
  return copy;
}
