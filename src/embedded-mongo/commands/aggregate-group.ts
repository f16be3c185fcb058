import { compareValues } from '../bson/compare';
import { addNumbers } from '../bson/numbers';
import { type BsonDocument, type BsonValue, isDocument, isNumber } from '../bson/types';
import { badValue, CommandError, notImplemented } from '../errors';
import { encodeKeyPart } from '../index/key-encoding';
import { memoryExceeded, ROW_OVERHEAD, SORT_BYTES } from './query-source';

/** An expression: a constant, a field path, or an object of expressions. */
export type Expression =
  | { readonly kind: 'constant'; readonly value: BsonValue }
  | { readonly kind: 'path'; readonly parts: readonly string[] }
  | { readonly kind: 'object'; readonly fields: readonly (readonly [string, Expression])[] };

const ACCUMULATORS = ['$sum', '$min', '$max', '$first', '$addToSet'] as const;
type Accumulator = (typeof ACCUMULATORS)[number];

/** A parsed $group stage. */
export interface Group {
  readonly key: Expression;
  readonly fields: readonly {
    readonly name: string;
    readonly accumulator: Accumulator;
    readonly input: Expression;
  }[];
}

function parsePath(text: string): Expression {
  const parts = text.slice(1).split('.');
  if (text.startsWith('$$') || parts.includes('')) {
    throw notImplemented(`the expression '${text}'`);
  }
  return { kind: 'path', parts };
}

function parseExpression(source: BsonValue, nested = false): Expression {
  if (typeof source === 'string' && source.startsWith('$')) return parsePath(source);
  if (Array.isArray(source)) throw notImplemented('an array expression');
  if (!isDocument(source)) return { kind: 'constant', value: source };
  if (nested) throw notImplemented('a nested object expression');
  const fields = [...source].map(([name, value]) => {
    if (name.startsWith('$')) throw notImplemented(`the expression operator ${name}`);
    if (name.includes('.')) throw badValue(`FieldPath field names may not contain '.': ${name}`);
    return [name, parseExpression(value, true)] as const;
  });
  return { kind: 'object', fields };
}

function parseField(name: string, source: BsonValue): Group['fields'][number] {
  if (!isDocument(source) || source.size !== 1) {
    throw new CommandError(40238, `The field '${name}' must specify one accumulator`);
  }
  const [operator, operand] = [...source][0] as [string, BsonValue];
  const accumulator = ACCUMULATORS.find((known) => known === operator);
  if (accumulator === undefined) throw notImplemented(`the accumulator ${operator}`);
  if (name.includes('.') || name.startsWith('$')) {
    throw new CommandError(40235, `The field name '${name}' cannot contain '.' or start with '$'`);
  }
  const input = parseExpression(operand);
  if (input.kind === 'object') throw notImplemented('an accumulator over an object');
  return { name, accumulator, input };
}

/** Parses a $group stage. */
export function parseGroup(source: BsonDocument): Group {
  const id = source.get('_id');
  if (id === undefined) throw new CommandError(15955, 'a group specification must include an _id');
  const fields = [...source].filter(([name]) => name !== '_id');
  return {
    key: parseExpression(id),
    fields: fields.map(([name, operand]) => parseField(name, operand)),
  };
}

/** A field path gives one value per document, or an array of values where it passes an array. */
function valueOfPath(
  value: BsonValue | undefined,
  parts: readonly string[],
): BsonValue | undefined {
  if (parts.length === 0 || value === undefined) return value;
  if (Array.isArray(value)) {
    return value
      .map((element) =>
        element instanceof Map || Array.isArray(element) ? valueOfPath(element, parts) : undefined,
      )
      .filter((element) => element !== undefined);
  }
  if (!(value instanceof Map)) return undefined;
  return valueOfPath(value.get(parts[0] as string), parts.slice(1));
}

function evaluate(expression: Expression, document: BsonDocument): BsonValue | undefined {
  if (expression.kind === 'constant') return expression.value;
  if (expression.kind === 'path') return valueOfPath(document, expression.parts);
  const result: BsonDocument = new Map();
  for (const [name, field] of expression.fields) {
    const value = evaluate(field, document);
    if (value !== undefined) result.set(name, value);
  }
  return result;
}

function better(
  current: BsonValue | undefined,
  value: BsonValue | undefined,
  sign: number,
): BsonValue | undefined {
  // Missing and null values do not take part in $min and $max.
  if (value === undefined || value === null) return current;
  if (current === undefined) return value;
  return compareValues(value, current) * sign > 0 ? value : current;
}

interface Cell {
  value?: BsonValue | undefined;
  seen: boolean;
  readonly distinct: Map<string, BsonValue>;
}

function accumulate(accumulator: Accumulator, cell: Cell, value: BsonValue | undefined): number {
  switch (accumulator) {
    case '$sum': {
      const current = cell.value ?? 0;
      cell.value = isNumber(value) && isNumber(current) ? addNumbers(current, value) : current;
      return 0;
    }
    case '$min':
      cell.value = better(cell.value, value, -1);
      return 0;
    case '$max':
      cell.value = better(cell.value, value, 1);
      return 0;
    case '$first':
      if (!cell.seen) cell.value = value;
      cell.seen = true;
      return 0;
    case '$addToSet': {
      if (value === undefined) return 0;
      const key = encodeKeyPart(value).toString('latin1');
      if (cell.distinct.has(key)) return 0;
      cell.distinct.set(key, value);
      return key.length * 2 + ROW_OVERHEAD;
    }
  }
}

/** Groups documents. The groups come in the order in which they were first met. */
export function* group(documents: Iterable<BsonDocument>, spec: Group): Generator<BsonDocument> {
  const groups = new Map<string, { key: BsonValue; cells: Cell[] }>();
  let bytes = 0;
  for (const document of documents) {
    const key = evaluate(spec.key, document) ?? null;
    const encoded = encodeKeyPart(key).toString('latin1');
    let known = groups.get(encoded);
    if (known === undefined) {
      known = { key, cells: spec.fields.map(() => ({ seen: false, distinct: new Map() })) };
      groups.set(encoded, known);
      bytes += encoded.length * 2 + 200 * (spec.fields.length + 1);
    }
    const { cells } = known;
    spec.fields.forEach(({ accumulator, input }, at) => {
      bytes += accumulate(accumulator, cells[at] as Cell, evaluate(input, document));
    });
    if (bytes > SORT_BYTES) throw memoryExceeded('$group');
  }
  for (const { key, cells } of groups.values()) yield result(spec, key, cells);
}

function result(spec: Group, key: BsonValue, cells: readonly Cell[]): BsonDocument {
  const document: BsonDocument = new Map([['_id', key]]);
  spec.fields.forEach(({ name, accumulator }, at) => {
    const cell = cells[at] as Cell;
    document.set(
      name,
      accumulator === '$addToSet' ? [...cell.distinct.values()] : (cell.value ?? null),
    );
  });
  return document;
}
