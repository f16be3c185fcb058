/** What a function of the mapping language is: what it takes, and what it makes of it. */
import { type LiteralValue } from './expression';
import { type Evaluate, type Run, type Values } from './run';

/**
 * What an argument must be.
 *
 * - `values`: any expression, all of its values.
 * - `text`: any expression; its first value counts, and no value is the empty text.
 * - `condition`: `true`, `false`, a path to a boolean, or a function that decides.
 * - `literal`: a string, number or boolean as it stands in the expression.
 * - `search`: a string literal to look for, not empty.
 * - `index`: an integer literal; negative ones count from the end.
 * - `count`: an integer literal, zero or more.
 */
export type ParameterKind =
  'values' | 'text' | 'condition' | 'literal' | 'search' | 'index' | 'count';

export interface Parameter {
  readonly name: string;
  readonly kind: ParameterKind;
}

export interface FunctionDefinition {
  readonly required: readonly Parameter[];
  /** A group of parameters that may follow any number of times. */
  readonly repeated: readonly Parameter[];
  /** Parameters that may come last. */
  readonly optional: readonly Parameter[];
  /** Whether the result can serve as a condition; `asValues`: when all arguments of kind `values` can. */
  readonly condition: 'always' | 'never' | 'asValues';
  /** The result depends on the entries of other resources in the target. */
  readonly refers?: true;
  readonly apply: (args: Arguments, run: Run) => Values;
}

/** A compiled expression. */
export interface Compiled {
  readonly evaluate: Evaluate;
  /** Whether it can only be `true`, `false` or nothing. */
  readonly isCondition: boolean;
  /** Some part of it depends on the entries of other resources. */
  readonly refers?: boolean;
  readonly literal?: LiteralValue;
}

/** The arguments of one call, evaluated when they are asked for: what is not needed costs nothing. */
export class Arguments {
  /** No argument is evaluated twice, which keeps the whole expression linear. */
  private readonly evaluated: (Values | undefined)[] = [];

  constructor(
    private readonly args: readonly Compiled[],
    private readonly run: Run,
  ) {}

  get count(): number {
    return this.args.length;
  }

  /** Nothing when there is no such argument. */
  values(index: number): Values {
    return (this.evaluated[index] ??= this.args[index]?.evaluate(this.run) ?? []);
  }

  text(index: number): string {
    return this.values(index)[0] ?? '';
  }

  isTrue(index: number): boolean {
    return this.values(index).includes('true');
  }

  /** The text of a literal, as it would print. */
  literal(index: number): string {
    return printLiteral(this.args[index]?.literal ?? '');
  }

  /** An integer literal, or the given number when there is no such argument. */
  integer(index: number, otherwise: number): number {
    const value = this.args[index]?.literal;
    return typeof value === 'number' ? value : otherwise;
  }
}

/** Strings as they are, numbers and booleans as in JSON. */
export function printLiteral(value: LiteralValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The parameter each of `count` arguments stands for, or undefined when there cannot be so many. */
export function parametersFor(
  definition: FunctionDefinition,
  count: number,
): readonly Parameter[] | undefined {
  const { required, repeated, optional } = definition;
  const parameters = [...required];
  while (repeated.length > 0 && count - parameters.length >= repeated.length) {
    parameters.push(...repeated);
  }
  const missing = count - parameters.length;
  if (missing < 0 || missing > optional.length) return undefined;
  return [...parameters, ...optional.slice(0, missing)];
}

/** `substring(value, start[, length])`. */
export function signature(name: string, definition: FunctionDefinition): string {
  const names = (parameters: readonly Parameter[]): string =>
    parameters.map((parameter) => parameter.name).join(', ');
  const repeated = definition.repeated.length === 0 ? '' : `[, ${names(definition.repeated)}]...`;
  const optional = definition.optional.map((parameter) => `[, ${parameter.name}]`).join('');
  return `${name}(${names(definition.required)}${repeated}${optional})`;
}
