import { type BsonValue } from '../bson/types';
import { type LiteralPattern } from './literal-pattern';

/** Range operators. */
export type RangeOperator = 'gt' | 'gte' | 'lt' | 'lte';

/** What is asked of the values at one path. */
export type FieldTest =
  | { readonly op: 'eq'; readonly value: BsonValue }
  | { readonly op: RangeOperator; readonly value: BsonValue }
  | {
      readonly op: 'in';
      readonly values: readonly BsonValue[];
      readonly patterns: LiteralPattern[];
    }
  | { readonly op: 'regex'; readonly pattern: LiteralPattern }
  | { readonly op: 'exists' }
  | { readonly op: 'type'; readonly numbers: ReadonlySet<number>; readonly anyNumber: boolean }
  | { readonly op: 'size'; readonly size: number }
  /** Some element of the array is a document that satisfies the filter. */
  | { readonly op: 'elemMatchDocument'; readonly filter: Filter }
  /** Some element of the array satisfies the filter, whose own fields have an empty path. */
  | { readonly op: 'elemMatchValue'; readonly filter: Filter };

/** A parsed query. */
export type Filter =
  | { readonly kind: 'and'; readonly filters: readonly Filter[] }
  | { readonly kind: 'or'; readonly filters: readonly Filter[] }
  | { readonly kind: 'nor'; readonly filters: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  | {
      readonly kind: 'field';
      readonly path: string;
      readonly parts: readonly string[];
      readonly test: FieldTest;
    };

/** A condition on one path. */
export type FieldFilter = Extract<Filter, { kind: 'field' }>;

/** The filter every document satisfies. */
export const MATCH_ALL: Filter = { kind: 'and', filters: [] };

/** The filter no document satisfies. */
export const MATCH_NONE: Filter = { kind: 'or', filters: [] };

/** The top-level conditions that all must hold, with nested conjunctions flattened. */
export function conjuncts(filter: Filter): readonly Filter[] {
  if (filter.kind !== 'and') return [filter];
  if (filter.filters.every(({ kind }) => kind !== 'and')) return filter.filters;
  return filter.filters.flatMap((child) => conjuncts(child));
}

/** Names of the top-level document fields that decide whether a document matches. */
export function rootFields(filter: Filter, into = new Set<string>()): Set<string> {
  if (filter.kind === 'field') into.add(filter.parts[0] ?? '');
  else if (filter.kind === 'not') rootFields(filter.filter, into);
  else for (const child of filter.filters) rootFields(child, into);
  return into;
}
