/** {@link Expression} to {@link Compiled}: names are known, counts and kinds of arguments are right, paths are resolved. */
import { type ResourceSchema } from '../schema-table';
import {
  Arguments,
  parametersFor,
  printLiteral,
  signature,
  type Compiled,
  type FunctionDefinition,
  type Parameter,
} from './definition';
import {
  type CallExpression,
  type Expression,
  type LiteralExpression,
  type LiteralValue,
} from './expression';
import { FUNCTIONS } from './functions';
import { MAX_SEARCH_LENGTH } from './limits';
import { hint } from './nearest';
import { compilePath } from './path';
import { EvaluationProblem, ExpressionProblem, quote } from './problem';
import { type Evaluate } from './run';

/** Throws {@link ExpressionProblem}. */
export function compileExpression(expression: Expression, schema: ResourceSchema): Compiled {
  switch (expression.type) {
    case 'literal':
      return compileLiteral(expression);
    case 'path':
      return compilePath(expression, schema);
    case 'call':
      return compileCall(expression, schema);
  }
}

function compileLiteral({ value }: LiteralExpression): Compiled {
  const text = printLiteral(value);
  const values = text === '' ? [] : [text];
  return { evaluate: () => values, isCondition: typeof value === 'boolean', literal: value };
}

function compileCall(call: CallExpression, schema: ResourceSchema): Compiled {
  const definition = FUNCTIONS.get(call.name);
  if (definition === undefined) {
    const known = Array.from(FUNCTIONS.keys(), (name) => ({ name, suggestion: `${name}()` }));
    throw new ExpressionProblem(
      call.offset,
      `there is no function ${quote(call.name)}${hint(call.name, known)}`,
    );
  }
  const parameters = parametersFor(definition, call.args.length);
  if (parameters === undefined) {
    const given = `${call.args.length} ${call.args.length === 1 ? 'argument' : 'arguments'}`;
    throw new ExpressionProblem(
      call.offset,
      `expected ${signature(call.name, definition)}, found ${given}`,
    );
  }
  const args = call.args.map((arg) => compileExpression(arg, schema));
  parameters.forEach((parameter, index) => {
    checkArgument(call, parameter, index, args[index]);
  });
  return {
    evaluate: placed(call.offset, (run) => definition.apply(new Arguments(args, run), run)),
    isCondition: isCondition(definition, parameters, args),
    refers: definition.refers === true || args.some(({ refers }) => refers),
  };
}

/** Says of what has no result where in the expression it stands. */
function placed(offset: number, evaluate: Evaluate): Evaluate {
  return (run) => {
    try {
      return evaluate(run);
    } catch (error) {
      if (error instanceof EvaluationProblem) error.offset ??= offset;
      throw error;
    }
  };
}

function isCondition(
  definition: FunctionDefinition,
  parameters: readonly Parameter[],
  args: readonly Compiled[],
): boolean {
  if (definition.condition !== 'asValues') return definition.condition === 'always';
  return args.every((arg, index) => parameters[index]?.kind !== 'values' || arg.isCondition);
}

function checkArgument(
  call: CallExpression,
  parameter: Parameter,
  index: number,
  arg: Compiled | undefined,
): void {
  const wanted = arg === undefined ? undefined : wantedInstead(parameter, arg);
  if (wanted === undefined) return;
  throw new ExpressionProblem(
    call.args[index]?.offset ?? call.offset,
    `expected ${wanted} as "${parameter.name}" of ${call.name}()`,
  );
}

/** What is wanted when the argument is not it. */
function wantedInstead(parameter: Parameter, arg: Compiled): string | undefined {
  switch (parameter.kind) {
    case 'values':
    case 'text':
      return undefined;
    case 'condition':
      return arg.isCondition
        ? undefined
        : 'a condition (true, false, a path to a boolean, or a function that decides, such as eq(), exists() and not())';
    case 'literal':
      return arg.literal === undefined ? 'a literal' : undefined;
    case 'search':
      return isSearch(arg.literal)
        ? undefined
        : `a string literal of 1 to ${MAX_SEARCH_LENGTH} characters`;
    case 'index':
      return Number.isSafeInteger(arg.literal) ? undefined : 'an integer literal';
    case 'count':
      return isCount(arg.literal) ? undefined : 'an integer literal of 0 or more';
  }
}

function isSearch(literal: LiteralValue | undefined): boolean {
  return typeof literal === 'string' && literal !== '' && literal.length <= MAX_SEARCH_LENGTH;
}

function isCount(literal: LiteralValue | undefined): boolean {
  return typeof literal === 'number' && Number.isSafeInteger(literal) && literal >= 0;
}
