/** Values of documents, compared as MongoDB compares them. Only the types that Usher stores. */

export type Document = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Document {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}

export function equal(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (left instanceof Date || right instanceof Date) {
    return left instanceof Date && right instanceof Date && left.getTime() === right.getTime();
  }
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => equal(item, right[index]));
  }
  if (!isObject(left) || !isObject(right)) return false;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length && keys.every((key) => equal(left[key], right[key]))
  );
}

/** Undefined: of different types, which no range condition brings together. */
export function compare(left: unknown, right: unknown): number | undefined {
  if (left instanceof Date && right instanceof Date) return left.getTime() - right.getTime();
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'string' && typeof right === 'string') {
    return left < right ? -1 : left > right ? 1 : 0;
  }
  return undefined;
}

/** For sorting: what is missing comes first. */
export function order(left: unknown, right: unknown): number {
  if (left === undefined || right === undefined) {
    return left === right ? 0 : left === undefined ? -1 : 1;
  }
  return compare(left, right) ?? 0;
}

/** What stands at a path: arrays on the way are looked into, and an index may be named (`resend.3`). */
export function valuesAt(document: unknown, path: string): unknown[] {
  const dot = path.indexOf('.');
  if (dot < 0) {
    const value = isObject(document) ? document[path] : undefined;
    if (value !== undefined) return [value];
    return Array.isArray(document) ? inArray(document, path, undefined) : [];
  }
  const head = path.slice(0, dot);
  const rest = path.slice(dot + 1);
  if (isObject(document)) {
    const value = document[head];
    return value === undefined ? [] : valuesAt(value, rest);
  }
  return Array.isArray(document) ? inArray(document, head, rest) : [];
}

function inArray(items: readonly unknown[], head: string, rest: string | undefined): unknown[] {
  if (/^\d+$/.test(head)) {
    const item = items[Number(head)];
    if (item === undefined) return [];
    return rest === undefined ? [item] : valuesAt(item, rest);
  }
  const path = rest === undefined ? head : `${head}.${rest}`;
  return items.filter(isObject).flatMap((item) => valuesAt(item, path));
}
