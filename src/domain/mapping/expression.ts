/** An expression as it is written: the result of parsing, before the schema has been consulted. */

/** A literal of an expression. */
export type LiteralValue = string | number | boolean;

interface Positioned {
  /** Offset in the expression's text, from 0. */
  readonly offset: number;
}

export interface PathExpression extends Positioned {
  readonly type: 'path';
  /** The path as written, brackets included. */
  readonly text: string;
}

export interface LiteralExpression extends Positioned {
  readonly type: 'literal';
  readonly value: LiteralValue;
}

export interface CallExpression extends Positioned {
  readonly type: 'call';
  readonly name: string;
  readonly args: readonly Expression[];
}

export type Expression = PathExpression | LiteralExpression | CallExpression;
