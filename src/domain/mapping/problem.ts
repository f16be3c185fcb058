/** What can be wrong with an expression, before it is known which attribute it belongs to. */

/** An expression that cannot be compiled. */
export class ExpressionProblem extends Error {
  override readonly name = 'ExpressionProblem';

  constructor(
    /** Offset of the offending character, counted from 0. */
    readonly offset: number,
    message: string,
  ) {
    super(message);
  }
}

/** An expression that has no result for the resource at hand. */
export class EvaluationProblem extends Error {
  override readonly name = 'EvaluationProblem';

  constructor(
    message: string,
    /** The value at fault. */
    readonly value: string,
  ) {
    super(message);
  }
}

/** A text short enough for a message, in quotes. */
export function quote(text: string, longest = 80): string {
  return JSON.stringify(text.length > longest ? `${text.slice(0, longest)}…` : text);
}
