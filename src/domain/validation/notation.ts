/** Attribute notation and comparisons to the letter (RFC 7644 sections 3.4.2.2 and 3.10). */
import { DomainError, type DomainErrorCode } from '../error';
import { type AttributePath, type Filter, type Literal, type ScimPath } from '../filter/ast';
import { subAttributeOf } from '../filter/match';
import { printAttributePath } from '../filter/print';
import { type AttributeDefinition, type ResolvedPath } from '../schema';
import { type ResourceSchema } from '../schema-table';

type Comparison = Extract<Filter, { type: 'compare' }>;

/** Throws `invalidPath` for a name that is not `urn:attribute.subAttribute`, `invalidFilter` for its value filter. */
export function checkPath(schema: ResourceSchema, { path, filter }: ScimPath): void {
  const found = resolveAll(path, [schema], 'invalidPath');
  if (filter !== undefined) checkElementFilter(filter, found);
}

/** A filter over resources of these types. Throws `invalidFilter`. */
export function checkFilter(filter: Filter, schemas: readonly ResourceSchema[]): void {
  switch (filter.type) {
    case 'and':
    case 'or':
      for (const part of filter.filters) checkFilter(part, schemas);
      return;
    case 'not':
      checkFilter(filter.filter, schemas);
      return;
    default: {
      const found = resolveAll(filter.path, schemas, 'invalidFilter');
      if (filter.type === 'valuePath') checkElementFilter(filter.filter, found);
      if (filter.type === 'compare') checkComparison(filter, found);
    }
  }
}

/** The attributes a name stands for, of whatever type; there is one at least. */
function resolveAll(
  path: AttributePath,
  schemas: readonly ResourceSchema[],
  code: DomainErrorCode,
): readonly ResolvedPath[] {
  const found = schemas.flatMap((schema) =>
    isStandard(schema, path) ? (schema.resolve(path) ?? []) : [],
  );
  if (found.length > 0) return found;
  const name = printAttributePath(path);
  throw new DomainError(
    code,
    `"${name}" is not an attribute: write its name, behind the URN of its schema and a colon where needed.`,
    { field: name },
  );
}

/** Whether a URN in front is that of a schema; the URN of an extension alone is the extension (RFC 7643 section 3.3). */
function isStandard(schema: ResourceSchema, path: AttributePath): boolean {
  if (path.schema === undefined) return true;
  if (path.schema.toLowerCase() === schema.core.id.toLowerCase()) return true;
  return [path.schema, printAttributePath(path)].some((urn) => schema.extension(urn) !== undefined);
}

/** A filter inside of brackets: its names are sub-attributes. */
function checkElementFilter(filter: Filter, parents: readonly ResolvedPath[]): void {
  switch (filter.type) {
    case 'and':
    case 'or':
      for (const part of filter.filters) checkElementFilter(part, parents);
      return;
    case 'not':
      checkElementFilter(filter.filter, parents);
      return;
    default: {
      const subs = parents.map(({ attribute }) => subAttributeOf(attribute, filter.path));
      if (filter.type === 'compare') {
        checkComparison(
          filter,
          subs.map((attribute) => ({ attribute })),
        );
      }
    }
  }
}

function checkComparison({ path, value }: Comparison, found: readonly ResolvedPath[]): void {
  const definitions = found.flatMap((one) => comparedBy(one) ?? []);
  const name = printAttributePath(path);
  const [first] = definitions;
  if (first === undefined) {
    throw new DomainError(
      'invalidFilter',
      `"${name}" is complex: name one of its sub-attributes.`,
      { field: name },
    );
  }
  if (value === null || definitions.some(({ type }) => isOfType(value, type))) return;
  throw new DomainError(
    'invalidFilter',
    `"${name}" is ${first.type} and cannot be compared with ${JSON.stringify(value)}.`,
    { field: name },
  );
}

/** Only a list of complex values may stand for their `value` (figure 2: `emails co "example.com"`). */
function comparedBy({ attribute, subAttribute }: ResolvedPath): AttributeDefinition | undefined {
  const definition = subAttribute ?? attribute;
  if (definition.type !== 'complex') return definition;
  return definition.multiValued
    ? definition.subAttributes?.find(({ name }) => name === 'value')
    : undefined;
}

function isOfType(literal: Exclude<Literal, null>, type: AttributeDefinition['type']): boolean {
  switch (type) {
    case 'boolean':
      return typeof literal === 'boolean';
    case 'decimal':
    case 'integer':
      return typeof literal === 'number';
    default:
      return typeof literal === 'string';
  }
}
