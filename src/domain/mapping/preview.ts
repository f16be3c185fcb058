/** What a mapping makes of a resource, line by line: one that has no result hides no other. */
import { DomainError } from '../error';
import { type Resource } from '../resource';
import { type ResourceSchema } from '../schema-table';
import { type ApplyMode } from '../sync-rule';
import { compileExpression } from './compile';
import { type MappingLine } from './line';
import { parseExpression } from './parser';
import { EvaluationProblem, ExpressionProblem } from './problem';
import { type EntryNames, Run, type Evaluate } from './run';

export interface LineProblem {
  readonly message: string;
  /** The character of the expression, from 1; absent: all of it. */
  readonly position?: number;
}

/** Either has values, perhaps none, or a problem. */
export interface PreviewedLine {
  readonly attribute: string;
  readonly expression: string;
  readonly apply: ApplyMode;
  readonly values: readonly string[];
  readonly problem?: LineProblem;
}

/** Reads the expressions once, for many resources. */
export function previewMapping(
  entries: readonly MappingLine[],
  schema: ResourceSchema,
): (resource: Resource, entries?: EntryNames) => readonly PreviewedLine[] {
  const lines = entries.map(({ attribute, expression, apply = 'AUTHORITATIVE' }) => ({
    line: { attribute, expression, apply },
    evaluate: evaluateOf(expression, schema),
  }));
  return (resource, entries) =>
    lines.map(({ line, evaluate }) => ({ ...line, ...result(evaluate, resource, entries) }));
}

function evaluateOf(expression: string, schema: ResourceSchema): Evaluate {
  try {
    return compileExpression(parseExpression(expression), schema).evaluate;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function result(
  evaluate: Evaluate,
  resource: Resource,
  entries?: EntryNames,
): Pick<PreviewedLine, 'values' | 'problem'> {
  try {
    return { values: evaluate(new Run(resource, entries)) };
  } catch (error) {
    return { values: [], problem: problemOf(error) };
  }
}

function problemOf(error: unknown): LineProblem {
  if (error instanceof ExpressionProblem) {
    const message = error.message.endsWith('?') ? error.message : `${error.message}.`;
    return { message, position: error.offset + 1 };
  }
  if (error instanceof EvaluationProblem) {
    const { offset, sentence } = error;
    return { message: sentence, ...(offset === undefined ? {} : { position: offset + 1 }) };
  }
  // What is unavailable is no fault of the line.
  if (error instanceof DomainError && error.code !== 'unavailable')
    return { message: error.message };
  throw error;
}
