/** One comparison of a SCIM filter (RFC 7644 section 3.4.2.2, table 3) as a MongoDB condition. */
import { DomainError } from '../domain/error';
import { type CompareOperator, type Literal } from '../domain/filter/ast';
import { fold } from '../domain/filter/fold';
import { literalFor } from '../domain/filter/literal';
import { type AttributeDefinition } from '../domain/schema';
import { beginningWith, literalPattern } from './text-pattern';

export type Query = Record<string, unknown>;

/** `field operator literal`; `invalidFilter` when the attribute's type does not allow it. */
export function compare(
  field: string,
  definition: AttributeDefinition,
  operator: CompareOperator,
  literal: Literal,
): Query {
  if (literal === null) {
    if (operator === 'eq') return { [field]: { $exists: false } };
    if (operator === 'ne') return { [field]: { $exists: true } };
    throw new DomainError('invalidFilter', `null can only be compared with eq and ne.`);
  }
  const value = storedLiteral(definition, literal);
  switch (operator) {
    case 'eq':
      return { [field]: value };
    case 'ne':
      return { [field]: { $ne: value } };
    case 'co':
    case 'sw':
    case 'ew':
      return { [field]: substring(definition, operator, value) };
    case 'gt':
    case 'ge':
    case 'lt':
    case 'le':
      if (typeof value === 'boolean' || definition.type === 'binary') {
        throw unordered(definition, operator);
      }
      return { [field]: { [ORDERED[operator]]: value } };
  }
}

const ORDERED = { gt: '$gt', ge: '$gte', lt: '$lt', le: '$lte' } as const;

function unordered(definition: AttributeDefinition, operator: string): DomainError {
  return new DomainError(
    'invalidFilter',
    `"${definition.name}" is ${definition.type} and cannot be compared with ${operator}.`,
  );
}

function substring(
  definition: AttributeDefinition,
  operator: 'co' | 'sw' | 'ew',
  value: unknown,
): RegExp {
  if (typeof value !== 'string') throw unordered(definition, operator);
  if (operator === 'sw') return beginningWith(value);
  const literal = literalPattern(value);
  return operator === 'ew' ? new RegExp(`${literal}$`) : new RegExp(literal);
}

/** The literal as the attribute's values stand in `norm`, or `invalidFilter` when it can be none of them. */
function storedLiteral(
  definition: AttributeDefinition,
  literal: string | number | boolean,
): string | number | boolean | Date {
  const value = literalFor(definition.type, literal);
  if (value === undefined) {
    throw new DomainError(
      'invalidFilter',
      `"${definition.name}" is ${definition.type}: compare it with ${EXPECTED[definition.type] ?? 'a string'}.`,
    );
  }
  if (definition.type === 'dateTime') return new Date(value as number);
  return typeof value === 'string' && !definition.caseExact ? fold(value) : value;
}

const EXPECTED: Readonly<Partial<Record<AttributeDefinition['type'], string>>> = {
  boolean: 'true or false',
  integer: 'a number',
  decimal: 'a number',
  dateTime: 'a time like "2030-01-31T12:00:00Z"',
};
