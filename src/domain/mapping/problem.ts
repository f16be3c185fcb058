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
  /** Offset of the innermost part of the expression that has no result. */
  offset: number | undefined;

  constructor(
    message: string,
    /** The value at fault, when one is. */
    readonly value?: string,
  ) {
    super(message);
  }

  /** As a sentence. */
  get sentence(): string {
    const sentence = this.value === undefined ? this.message : withValue(this.message, this.value);
    return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
  }
}

function withValue(message: string, value: string): string {
  return `${message} (value: ${quote(value)})`;
}

/** A text short enough for a message, in quotes. */
export function quote(text: string, longest = 80): string {
  return JSON.stringify(text.length > longest ? `${text.slice(0, longest)}…` : text);
}
