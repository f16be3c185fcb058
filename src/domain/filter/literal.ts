/** The literals of filters: how they are read, and what they mean for an attribute of a given type. */
import { instantOf } from '../date-time';
import { type AttributeDefinition } from '../schema';
import { type Literal } from './ast';

/** Reads a literal without quotes: true, false, null, a number, or else a string without its quotes. */
export function readLiteral(text: string): Literal {
  switch (text.toLowerCase()) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'null':
      return null;
    default: {
      // Only what prints as it was written is a number: `externalId eq 007` and `eq 1.10` mean strings, and if the
      // attribute is a number after all, literalFor turns the string into one.
      const number = Number(text);
      return Number.isFinite(number) && String(number) === text ? number : text;
    }
  }
}

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The same for JSON's own literals alone (RFC 7644 section 3.4.2.2, compValue); undefined: it is none of them. */
export function readJsonLiteral(text: string): Literal | undefined {
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (text === 'null') return null;
  return JSON_NUMBER.test(text) && Number.isFinite(Number(text)) ? Number(text) : undefined;
}

/**
 * The literal as a value of the attribute's type; undefined: no value of that type can ever equal it. dateTimes become
 * instants in milliseconds. Clients quote booleans and numbers and leave quotes off strings, so all are converted.
 */
export function literalFor(
  type: AttributeDefinition['type'],
  literal: string | number | boolean,
): string | number | boolean | undefined {
  switch (type) {
    case 'boolean':
      return booleanOf(literal);
    case 'decimal':
    case 'integer':
      return numberOf(literal);
    case 'dateTime':
      return typeof literal === 'string' ? instantOf(literal) : undefined;
    default:
      return String(literal);
  }
}

/** `true`, or `"True"` in any case, which Entra sends for every boolean (table 0, rules 2 and 20). */
export function booleanOf(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  const word = value.trim().toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : undefined;
}

/** A number, or a string that is one. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || !/^\s*-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\s*$/.test(value)) {
    return undefined;
  }
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}
