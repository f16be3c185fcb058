import { Timestamp } from 'bson';
import { compareValues } from '../bson/compare';
import { addNumbers } from '../bson/numbers';
import { type BsonDocument, type BsonValue, isDocument, isNumber, typeName } from '../bson/types';
import { badValue, CommandError, failedToParse, notImplemented } from '../errors';
import {
  type ArrayChange,
  parseAddToSet,
  parsePull,
  parsePullAll,
  parsePush,
} from './array-operators';
import { assertViable, deepCopy, setAt, unsetAt, updatePath, valueAt } from './paths';

/** Computes the new value at a path; undefined leaves the document as it is. */
type Change = (current: BsonValue | undefined) => BsonValue | undefined;

interface Step {
  readonly path: string;
  readonly parts: readonly string[];
  readonly onInsertOnly: boolean;
  /** Missing for $unset. */
  readonly change?: Change;
}

/** A parsed update. */
export type Update =
  | { readonly kind: 'replacement'; readonly document: BsonDocument }
  | { readonly kind: 'operators'; readonly steps: readonly Step[] };

type ChangeParser = (operand: BsonValue, path: string) => Change;

function parseIncrement(operand: BsonValue, path: string): Change {
  if (!isNumber(operand)) {
    throw new CommandError(
      14,
      `Cannot increment with non-numeric argument: {${path}: ${typeName(operand)}}`,
    );
  }
  return (current) => {
    if (current === undefined) return operand;
    if (isNumber(current)) return addNumbers(current, operand);
    throw new CommandError(
      14,
      `Cannot apply $inc to a value of non-numeric type. The field '${path}' is of type ${typeName(current)}`,
    );
  };
}

function extreme(sign: number): ChangeParser {
  return (operand) => (current) =>
    current === undefined || compareValues(operand, current) * sign > 0 ? operand : undefined;
}

function onArray(operator: string, parse: (operand: BsonValue) => ArrayChange): ChangeParser {
  return (operand, path) => {
    const change = parse(operand);
    return (current) => {
      if (current === undefined || Array.isArray(current)) return change(current);
      throw badValue(
        `Cannot apply ${operator}: the field '${path}' must be an array but is of type ${typeName(current)}`,
      );
    };
  };
}

function parseCurrentDate(operand: BsonValue): Change {
  const known = isDocument(operand) && [...operand.keys()].every((name) => name === '$type');
  const type = known ? operand.get('$type') : undefined;
  // Any boolean asks for a date, false too.
  if (typeof operand === 'boolean' || type === 'date') return () => new Date();
  if (type !== 'timestamp')
    throw badValue('$currentDate needs a boolean or a $type of date or timestamp');
  return () => new Timestamp({ t: Math.floor(Date.now() / 1000), i: 1 });
}

const PARSERS = new Map<string, ChangeParser | undefined>([
  ['$set', (operand) => () => operand],
  ['$setOnInsert', (operand) => () => operand],
  ['$unset', undefined],
  ['$inc', parseIncrement],
  ['$min', extreme(-1)],
  ['$max', extreme(1)],
  ['$push', onArray('$push', parsePush)],
  ['$addToSet', onArray('$addToSet', parseAddToSet)],
  ['$pull', onArray('$pull', parsePull)],
  ['$pullAll', onArray('$pullAll', parsePullAll)],
  ['$currentDate', parseCurrentDate],
]);

const REFUSED = new Set(['$rename', '$mul', '$bit']);

function comparePaths(a: Step, b: Step): number {
  const length = Math.min(a.parts.length, b.parts.length);
  for (let at = 0; at < length; at += 1) {
    const left = a.parts[at] as string;
    const right = b.parts[at] as string;
    if (left === right) continue;
    const numeric = /^\d+$/.test(left) && /^\d+$/.test(right);
    return numeric ? Number(left) - Number(right) : left < right ? -1 : 1;
  }
  return a.parts.length - b.parts.length;
}

function assertNoConflict(steps: readonly Step[]): void {
  steps.forEach((step, at) => {
    const next = steps[at + 1];
    if (next !== undefined && step.parts.every((part, i) => next.parts[i] === part)) {
      throw new CommandError(
        40,
        `Updating the path '${next.path}' would create a conflict at '${step.path}'`,
      );
    }
  });
}

function parseOperator(operator: string, fields: BsonValue): Step[] {
  if (!PARSERS.has(operator)) {
    if (REFUSED.has(operator)) throw notImplemented(`the update operator ${operator}`);
    throw failedToParse(
      `Unknown modifier: ${operator}. Expected a valid update modifier or pipeline-style update specified as an array`,
    );
  }
  if (!isDocument(fields)) {
    throw failedToParse(
      `Modifiers operate on fields but we found type ${typeName(fields)} instead`,
    );
  }
  const parse = PARSERS.get(operator);
  return [...fields].map(([path, operand]) => {
    const base = { path, parts: updatePath(path), onInsertOnly: operator === '$setOnInsert' };
    return parse === undefined ? base : { ...base, change: parse(operand, path) };
  });
}

/** Parses the update of an update statement or findAndModify command. */
export function parseUpdate(source: BsonValue | undefined): Update {
  if (Array.isArray(source)) throw notImplemented('an update pipeline');
  if (!isDocument(source)) throw failedToParse('the update must be a document');
  const operators = [...source.keys()].filter((name) => name.startsWith('$'));
  if (operators.length === 0) return { kind: 'replacement', document: source };
  if (operators.length < source.size) {
    const [first] = source.keys();
    throw first?.startsWith('$') === true
      ? failedToParse('Unknown modifier: expected only update operators')
      : new CommandError(
          52,
          `The dollar ($) prefixed field '${operators[0]}' is not valid for storage.`,
        );
  }
  const steps = [...source].flatMap(([operator, fields]) => parseOperator(operator, fields));
  steps.sort(comparePaths);
  assertNoConflict(steps);
  return { kind: 'operators', steps };
}

/** Puts _id first, as MongoDB stores documents. */
export function withIdFirst(id: BsonValue, document: BsonDocument): BsonDocument {
  const result: BsonDocument = new Map([['_id', id]]);
  for (const [name, value] of document) if (name !== '_id') result.set(name, value);
  return result;
}

/**
 * A copy that owns every container a step may change something in and shares the rest, so that a
 * top-level value no step names stays the same object. No step leads into what another one puts in.
 */
function copyForSteps(document: BsonDocument, steps: readonly Step[]): BsonDocument {
  const result: BsonDocument = new Map(document);
  for (const { parts } of steps) {
    const root = parts[0] as string;
    const value = document.get(root);
    if (parts.length === 1 || value === undefined || result.get(root) !== value) continue;
    result.set(root, deepCopy(value));
  }
  return result;
}

/** Applies an update to a copy of the document; values the update leaves alone are shared with it. */
export function applyUpdate(
  update: Update,
  document: BsonDocument,
  inserting: boolean,
): BsonDocument {
  if (update.kind === 'replacement') return replaced(update.document, document);
  const result = copyForSteps(document, update.steps);
  for (const { parts, change, onInsertOnly } of update.steps) {
    if (onInsertOnly && !inserting) continue;
    if (change === undefined) {
      unsetAt(result, parts);
      continue;
    }
    const value = change(valueAt(result, parts));
    if (value === undefined) assertViable(result, parts);
    else setAt(result, parts, value);
  }
  const before = document.get('_id');
  const after = result.get('_id');
  if (before !== undefined && (after === undefined || compareValues(before, after) !== 0)) {
    throw immutableId();
  }
  return result;
}

function replaced(replacement: BsonDocument, document: BsonDocument): BsonDocument {
  const before = document.get('_id');
  const wanted = replacement.get('_id');
  if (before !== undefined && wanted !== undefined && compareValues(before, wanted) !== 0) {
    throw immutableId();
  }
  const id = before ?? wanted;
  return id === undefined ? replacement : withIdFirst(id, replacement);
}

function immutableId(): CommandError {
  return new CommandError(
    66,
    "Performing an update on the path '_id' would modify the immutable field '_id'",
  );
}
