/** Whether a document matches a filter. An operator that is not known here is an error, never a condition that holds. */
import { compare, type Document, equal, isObject, valuesAt } from './values';

export type Filter = Document;

export function matches(document: unknown, filter: Filter): boolean {
  for (const key in filter) {
    const condition = filter[key];
    if (key === '$and') {
      if (!(condition as Filter[]).every((one) => matches(document, one))) return false;
    } else if (key === '$or') {
      if (!(condition as Filter[]).some((one) => matches(document, one))) return false;
    } else if (key.startsWith('$')) {
      throw new Error(`The memory database does not know the operator ${key}`);
    } else if (!holds(valuesAt(document, key), condition)) return false;
  }
  return true;
}

/** An element of an array that `$pull` names: by its value, or by conditions on its fields. */
export function matchesElement(element: unknown, condition: unknown): boolean {
  if (isOperators(condition)) return holds([element], condition);
  return isObject(condition) ? matches(element, condition) : equal(element, condition);
}

function isOperators(condition: unknown): condition is Document {
  if (!isObject(condition) || condition instanceof RegExp) return false;
  const [first] = Object.keys(condition);
  return first?.startsWith('$') ?? false;
}

function holds(values: readonly unknown[], condition: unknown): boolean {
  if (condition === undefined) throw new Error('A condition is undefined');
  if (!isOperators(condition)) return isAny(values, condition);
  for (const operator in condition) {
    if (!operatorHolds(values, operator, condition[operator], condition)) return false;
  }
  return true;
}

function operatorHolds(
  values: readonly unknown[],
  operator: string,
  operand: unknown,
  all: Document,
): boolean {
  switch (operator) {
    case '$eq':
      return isAny(values, operand);
    case '$ne':
      return !isAny(values, operand);
    case '$in':
      return (operand as unknown[]).some((one) => isAny(values, one));
    case '$nin':
      return !(operand as unknown[]).some((one) => isAny(values, one));
    case '$exists':
      return values.length > 0 === operand;
    case '$gt':
      return some(values, operand, (difference) => difference > 0);
    case '$gte':
      return some(values, operand, (difference) => difference >= 0);
    case '$lt':
      return some(values, operand, (difference) => difference < 0);
    case '$lte':
      return some(values, operand, (difference) => difference <= 0);
    case '$elemMatch':
      return values.some(
        (value) => Array.isArray(value) && value.some((item) => matchesElement(item, operand)),
      );
    case '$not':
      return !holds(values, operand);
    case '$regex':
      return isAny(values, new RegExp(operand as string, all['$options'] as string | undefined));
    case '$options':
      return true;
    default:
      throw new Error(`The memory database does not know the operator ${operator}`);
  }
}

function isAny(values: readonly unknown[], wanted: unknown): boolean {
  if (wanted === null && values.length === 0) return true;
  if (wanted instanceof RegExp) {
    return values.flat().some((value) => typeof value === 'string' && wanted.test(value));
  }
  return values.some(
    (value) =>
      equal(value, wanted) || (Array.isArray(value) && value.some((item) => equal(item, wanted))),
  );
}

function some(
  values: readonly unknown[],
  operand: unknown,
  holdsFor: (difference: number) => boolean,
): boolean {
  return values.some((value) =>
    (Array.isArray(value) ? value : [value]).some((item: unknown) => {
      const difference = compare(item, operand);
      return difference !== undefined && holdsFor(difference);
    }),
  );
}
