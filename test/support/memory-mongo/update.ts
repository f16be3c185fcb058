/** Applies update operators to a document, which is never changed in place. An operator that is not known is an error. */
import { type Filter, matchesElement } from './filter';
import { compare, type Document, isObject } from './values';

export type Update = Readonly<Record<string, Document | undefined>>;

export function applyUpdate(document: Document, update: Update, isNew = false): Document {
  let result = document;
  for (const operator in update) {
    const fields = update[operator] ?? {};
    if (operator === '$setOnInsert' && !isNew) continue;
    for (const path in fields) {
      const change = changeOf(operator, fields[path]);
      result = changedAt(result, path.split('.'), change) as Document;
    }
  }
  return result;
}

type Change = (value: unknown) => unknown;

function changeOf(operator: string, operand: unknown): Change {
  if (operand === undefined) throw new Error('An update sets undefined');
  switch (operator) {
    case '$set':
    case '$setOnInsert':
      return () => operand;
    case '$unset':
      return () => undefined;
    case '$inc':
      return (value) => ((value as number | undefined) ?? 0) + (operand as number);
    // The database's own time: nobody sets the clock of the machine it runs on.
    case '$currentDate':
      return () => new Date();
    case '$min':
      return (value) =>
        value === undefined || (compare(operand, value) ?? 0) < 0 ? operand : value;
    case '$max':
      return (value) =>
        value === undefined || (compare(operand, value) ?? 0) > 0 ? operand : value;
    case '$push':
      return (value) => pushed((value as unknown[] | undefined) ?? [], operand);
    case '$addToSet':
      return (value) => added((value as unknown[] | undefined) ?? [], operand);
    case '$pull':
      return (value) => Array.isArray(value) && pulled(value as unknown[], operand);
    default:
      throw new Error(`The memory database does not know the operator ${operator}`);
  }
}

function pushed(items: readonly unknown[], operand: unknown): readonly unknown[] {
  if (!isObject(operand) || !('$each' in operand)) return [...items, operand];
  const { $each, $slice, ...others } = operand as { $each: unknown[]; $slice?: number };
  if (Object.keys(others).length > 0) throw new Error('$push knows $each and $slice only here');
  const all = [...items, ...$each];
  if ($slice === undefined) return all;
  return $slice < 0 ? all.slice($slice) : all.slice(0, $slice);
}

function added(items: readonly unknown[], operand: unknown): readonly unknown[] {
  return items.some((item) => matchesElement(item, operand)) ? items : [...items, operand];
}

function pulled(items: readonly unknown[], operand: unknown): readonly unknown[] {
  const left = items.filter((item) => !matchesElement(item, operand));
  return left.length === items.length ? items : left;
}

/** The same object with something else at the path; what is on the way is copied. */
function changedAt(object: unknown, path: readonly string[], change: Change): unknown {
  const [head = '', ...rest] = path;
  if (object !== undefined && !isObject(object)) {
    throw new Error(`The memory database does not change inside of arrays: ${path.join('.')}`);
  }
  const current = object?.[head];
  const next = rest.length === 0 ? change(current) : changedBelow(current, rest, change);
  if (next === current || (next === false && current === undefined)) return object ?? {};
  if (next !== undefined) return { ...object, [head]: next };
  const { [head]: _gone, ...others } = object ?? {};
  return others;
}

/** Taking something away makes no way to it. */
function changedBelow(current: unknown, rest: readonly string[], change: Change): unknown {
  if (current === undefined && change(undefined) === undefined) return undefined;
  return changedAt(current, rest, change);
}

/** What an upsert begins with: whatever the filter says with plain equality. */
export function upserted(filter: Filter): Document {
  const fields = Object.entries(filter).filter(
    ([key, value]) =>
      !key.startsWith('$') &&
      !(isObject(value) && Object.keys(value).some((name) => name.startsWith('$'))),
  );
  return Object.fromEntries(fields);
}
