/** Filters and paths back as text; what is printed parses to the same tree. */
import { type AttributePath, type Filter, type Literal, type ScimPath } from './ast';

export function printFilter(filter: Filter): string {
  switch (filter.type) {
    case 'and':
      // An "or" inside an "and" needs parentheses, and an "and" that was grouped by hand stays grouped.
      return filter.filters
        .map((part) =>
          part.type === 'or' || part.type === 'and' ? group(part) : printFilter(part),
        )
        .join(' and ');
    case 'or':
      return filter.filters
        .map((part) => (part.type === 'or' ? group(part) : printFilter(part)))
        .join(' or ');
    case 'not':
      return `not ${group(filter.filter)}`;
    case 'present':
      return `${printAttributePath(filter.path)} pr`;
    case 'valuePath':
      return `${printAttributePath(filter.path)}[${printFilter(filter.filter)}]`;
    case 'compare':
      return `${printAttributePath(filter.path)} ${filter.operator} ${printLiteral(filter.value)}`;
  }
}

export function printPath({ path, filter }: ScimPath): string {
  if (filter === undefined) return printAttributePath(path);
  const { subAttribute, ...attribute } = path;
  const head = `${printAttributePath(attribute)}[${printFilter(filter)}]`;
  return subAttribute === undefined ? head : `${head}.${subAttribute}`;
}

export function printAttributePath({ schema, attribute, subAttribute }: AttributePath): string {
  const name = subAttribute === undefined ? attribute : `${attribute}.${subAttribute}`;
  return schema === undefined ? name : `${schema}:${name}`;
}

function group(filter: Filter): string {
  return `(${printFilter(filter)})`;
}

function printLiteral(value: Literal): string {
  return JSON.stringify(value);
}
