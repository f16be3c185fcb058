/** Mappings: `target attribute <- expression` (design 5.5, docs/mapping.md). */
import { DomainError } from '../error';
import { type InputIssue } from '../ports';
import { type Resource } from '../resource';
import { type ResourceSchema } from '../schema-table';
import { type ApplyMode } from '../sync-rule';
import { compileExpression } from './compile';
import { type MappingLine } from './line';
import { MAX_ATTRIBUTE_LENGTH, MAX_ENTRIES } from './limits';
import { parseExpression } from './parser';
import { EvaluationProblem, ExpressionProblem, quote } from './problem';
import { type EntryNames, NO_ENTRIES, Run, type Evaluate, type Values } from './run';

export { type MappingLine } from './line';
export { checkOverrides, overridden, type OriginatedLine } from './overrides';
export { withEntryNames } from './references';
export { type EntryNames, NO_ENTRIES } from './run';
export { type LineProblem, previewMapping, type PreviewedLine } from './preview';

interface CompiledLine {
  readonly attribute: string;
  readonly expression: string;
  readonly apply: ApplyMode;
  readonly evaluate: Evaluate;
  readonly refers: boolean;
}

/** A mapping that is known to be right for a resource type. Make one with {@link compileMapping}. */
export interface CompiledMapping {
  readonly lines: readonly CompiledLine[];
  /** Some line names entries of other resources: evaluate it by {@link withEntryNames}. */
  readonly refers: boolean;
}

/**
 * Values by target attribute, spelt as in the mapping. The objects have no prototype: any name is safe. An attribute
 * that has nothing is present with no values; ignored ones are absent.
 */
export interface MappedAttributes {
  readonly authoritative: Record<string, string[]>;
  /** To be written only when the entry is created. */
  readonly initial: Record<string, string[]>;
}

/** Everything that is wrong with a mapping; paths begin with the index of the line: `['3', 'expression']`. */
export function checkMapping(
  entries: readonly MappingLine[],
  schema: ResourceSchema,
): InputIssue[] {
  return check(entries, schema).issues;
}

/** Throws `DomainError('invalidValue')` that lists everything {@link checkMapping} finds. */
export function compileMapping(
  entries: readonly MappingLine[],
  schema: ResourceSchema,
): CompiledMapping {
  const { lines, issues } = check(entries, schema);
  if (issues.length === 0) {
    return { lines, refers: lines.some(({ apply, refers }) => apply !== 'IGNORE' && refers) };
  }
  const messages = issues.map(({ path, message }) => {
    const line = entries[Number(path[0])];
    return line === undefined ? message : `${quote(line.attribute)}: ${message}`;
  });
  throw new DomainError('invalidValue', `The mapping cannot be used. ${messages.join(' ')}`, {
    field: issues[0]?.path.join('.') ?? '',
  });
}

/** Throws `DomainError('invalidValue')` when a value breaks a limit. */
export function evaluateMapping(
  mapping: CompiledMapping,
  resource: Resource,
  entries: EntryNames = NO_ENTRIES,
): MappedAttributes {
  const authoritative = Object.create(null) as Record<string, string[]>;
  const initial = Object.create(null) as Record<string, string[]>;
  for (const line of mapping.lines) {
    if (line.apply === 'IGNORE') continue;
    const attributes = line.apply === 'INITIAL' ? initial : authoritative;
    attributes[line.attribute] = [...evaluate(line, resource, entries)];
  }
  return { authoritative, initial };
}

function evaluate(line: CompiledLine, resource: Resource, entries: EntryNames): Values {
  try {
    return line.evaluate(new Run(resource, entries));
  } catch (error) {
    if (!(error instanceof EvaluationProblem)) throw error;
    throw new DomainError(
      'invalidValue',
      `${quote(line.attribute)} <- ${quoteExpression(line.expression)}: ${error.sentence}`,
      { field: line.attribute },
    );
  }
}

function check(
  entries: readonly MappingLine[],
  schema: ResourceSchema,
): { lines: CompiledLine[]; issues: InputIssue[] } {
  if (entries.length > MAX_ENTRIES) {
    const message = `The mapping has ${entries.length} lines, at most ${MAX_ENTRIES} are allowed.`;
    return { lines: [], issues: [{ path: [], message }] };
  }
  const lines: CompiledLine[] = [];
  const issues: InputIssue[] = [];
  const lineOf = new Map<string, number>();
  entries.forEach(({ attribute, expression, apply = 'AUTHORITATIVE' }, index) => {
    const wrongName = nameProblem(attribute) ?? duplicateProblem(attribute, index, lineOf);
    if (wrongName !== undefined) {
      issues.push({ path: [String(index), 'attribute'], message: wrongName });
    }
    try {
      const compiled = compileExpression(parseExpression(expression), schema);
      const { evaluate, refers = false } = compiled;
      lines.push({ attribute, expression, apply, evaluate, refers });
    } catch (error) {
      if (!(error instanceof ExpressionProblem)) throw error;
      const place = `${quoteExpression(expression)}, character ${error.offset + 1}`;
      const message = `${place}: ${error.message}${error.message.endsWith('?') ? '' : '.'}`;
      issues.push({ path: [String(index), 'expression'], message });
    }
  });
  return { lines, issues };
}

/** Directories differ in what they call an attribute; only what no directory can mean is refused here. */
function nameProblem(attribute: string): string | undefined {
  if (attribute.trim() !== attribute || attribute === '') {
    return 'An attribute name is needed, without blanks around it.';
  }
  if (attribute.length > MAX_ATTRIBUTE_LENGTH) {
    return `The attribute name has ${attribute.length} characters, at most ${MAX_ATTRIBUTE_LENGTH} are allowed.`;
  }
  if (Array.from(attribute).some((char) => char < ' ' || char === '\u007f')) {
    return 'The attribute name contains a control character.';
  }
  return undefined;
}

function duplicateProblem(
  attribute: string,
  index: number,
  lineOf: Map<string, number>,
): string | undefined {
  const name = attribute.toLowerCase();
  const earlier = lineOf.get(name);
  if (earlier === undefined) {
    lineOf.set(name, index);
    return undefined;
  }
  return `${quote(attribute)} is already mapped by line ${earlier + 1}; combine both with list() or default().`;
}

function quoteExpression(expression: string): string {
  return quote(expression, 200);
}
