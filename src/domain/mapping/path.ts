/** A SCIM path in an expression: resolved against the schema when compiled, read from the resource when evaluated. */
import { attributeValue, elementsOf, isObject, property } from '../attribute-values';
import { ID, META } from '../common-attributes';
import { DomainError } from '../error';
import { type Filter } from '../filter/ast';
import { matchesElement } from '../filter/match';
import { parsePath } from '../filter/parser';
import { printAttributePath } from '../filter/print';
import { type Resource, type ScimValue } from '../resource';
import { type AttributeDefinition, type ResolvedPath } from '../schema';
import { type ResourceSchema } from '../schema-table';
import { type Compiled } from './definition';
import { type PathExpression } from './expression';
import { knownPaths } from './known-names';
import { hint } from './nearest';
import { ExpressionProblem, quote } from './problem';
import { type Run, type Values } from './run';
import { unmappable } from './unmappable';

/** Throws {@link ExpressionProblem}. */
export function compilePath({ text, offset }: PathExpression, schema: ResourceSchema): Compiled {
  const { path, filter } = explained(offset, 'expected a SCIM path', () => parsePath(text));
  const resolved = schema.resolveComparable(path);
  if (resolved === undefined) {
    throw new ExpressionProblem(
      offset,
      `${schema.type.name} has no attribute ${quote(text)}${hint(printAttributePath(path), knownPaths(schema))}`,
    );
  }
  const reason = unmappable(resolved);
  if (reason !== undefined) throw new ExpressionProblem(offset, reason);
  const { attribute, subAttribute } = resolved;
  if (attribute.type === 'complex' && subAttribute === undefined) {
    throw new ExpressionProblem(
      offset,
      `${quote(text)} is complex, expected ${children(attribute)}`,
    );
  }
  if (filter !== undefined) checkFilter(filter, attribute, offset);
  return {
    evaluate: (run) => read(run, resolved, filter),
    isCondition: (subAttribute ?? attribute).type === 'boolean',
  };
}

/** `one of its sub-attributes: name.givenName, name.familyName`. */
function children({ name, subAttributes }: AttributeDefinition): string {
  const separator = name.includes(':') ? ':' : '.';
  const names = (subAttributes ?? []).map((sub) => name + separator + sub.name);
  return `one of its sub-attributes: ${names.join(', ')}`;
}

/** Tries every comparison on no value, so that a wrong one is found now and not when the first value comes. */
function checkFilter(filter: Filter, attribute: AttributeDefinition, offset: number): void {
  switch (filter.type) {
    case 'and':
    case 'or':
      for (const part of filter.filters) checkFilter(part, attribute, offset);
      return;
    case 'not':
      checkFilter(filter.filter, attribute, offset);
      return;
    case 'compare':
    case 'present':
    case 'valuePath':
      explained(offset, 'expected another filter', () => matchesElement(filter, {}, attribute));
  }
}

/** Places an error of the filter language in the expression. */
function explained<Result>(offset: number, expected: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    throw new ExpressionProblem(offset, `${expected}: ${error.message.replace(/\.$/, '')}`);
  }
}

function read(run: Run, resolved: ResolvedPath, filter: Filter | undefined): Values {
  const { attribute, subAttribute } = resolved;
  const found = run.collect();
  for (const element of elementsOf(stored(run.resource, resolved))) {
    run.look();
    if (filter !== undefined && !matchesElement(filter, element, attribute)) continue;
    for (const value of subAttribute === undefined ? [element] : part(element, subAttribute.name)) {
      if (typeof value === 'string') found.add(value);
      else if (typeof value !== 'object') found.add(JSON.stringify(value));
    }
  }
  return found.values;
}

function part(element: ScimValue, name: string): readonly ScimValue[] {
  return isObject(element) ? elementsOf(property(element, name)) : [];
}

/** The attribute's value as it is stored, or derived from the resource for the common attributes. */
function stored(resource: Resource, resolved: ResolvedPath): ScimValue | undefined {
  if (resolved.attribute === ID) return resource.id;
  if (resolved.attribute !== META) return attributeValue(resource.attributes, resolved);
  return {
    resourceType: resource.resourceType,
    created: resource.createdAt.toISOString(),
    lastModified: resource.lastModified.toISOString(),
  };
}
