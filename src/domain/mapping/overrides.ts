/** Single lines of a mapping said otherwise: the rest stays as the connector has it, also when that changes. */
import { type InputIssue } from '../ports';
import { type MappingOverride } from '../sync-rule';
import { type MappingLine } from './line';
import { quote } from './problem';

/** A line, and the override it comes from; none: it is the base's own. */
export interface OriginatedLine extends MappingLine {
  readonly override?: number;
}

/** The base with its lines overridden in place, and the other overrides after them. */
export function overridden(
  base: readonly MappingLine[],
  overrides: readonly MappingOverride[],
): readonly OriginatedLine[] {
  const indexes = new Map(
    overrides.map(({ attribute }, index) => [attribute.toLowerCase(), index]),
  );
  const lines = base.map((line): OriginatedLine => {
    const index = indexes.get(line.attribute.toLowerCase());
    const override = index === undefined ? undefined : overrides[index];
    if (index === undefined || override === undefined) return line;
    const { expression = line.expression, apply = line.apply } = override;
    const { attribute } = line;
    return { attribute, expression, override: index, ...(apply === undefined ? {} : { apply }) };
  });
  const known = new Set(base.map(({ attribute }) => attribute.toLowerCase()));
  const more = overrides.flatMap(({ attribute, expression, apply }, index): OriginatedLine[] =>
    known.has(attribute.toLowerCase()) || expression === undefined
      ? []
      : [{ attribute, expression, override: index, ...(apply === undefined ? {} : { apply }) }],
  );
  return [...lines, ...more];
}

/** Paths begin with the index of the override. What is wrong with expressions is found in the lines they make. */
export function checkOverrides(
  base: readonly MappingLine[],
  overrides: readonly MappingOverride[],
): readonly InputIssue[] {
  const known = new Set(base.map(({ attribute }) => attribute.toLowerCase()));
  const seen = new Set<string>();
  return overrides.flatMap(({ attribute, expression, apply }, index): InputIssue[] => {
    const name = attribute.toLowerCase();
    const path = [String(index)];
    if (seen.has(name)) {
      const message = `${quote(attribute)} is overridden twice; once is enough.`;
      return [{ path: [...path, 'attribute'], message }];
    }
    seen.add(name);
    if (expression !== undefined) return [];
    if (!known.has(name)) {
      const message = `The default mapping has no line for ${quote(attribute)}: give it an expression.`;
      return [{ path: [...path, 'expression'], message }];
    }
    if (apply !== undefined) return [];
    const message = 'Say what is to be otherwise: the expression, or when it is applied.';
    return [{ path, message }];
  });
}
