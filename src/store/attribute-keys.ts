/**
 * Attribute names as MongoDB field names. Extension URNs contain dots, which MongoDB reads as steps of a path, so an
 * extension stands under its escaped URN: then `<escaped URN>.department` can be queried, set and indexed.
 */
import { type ScimObject, type ScimValue } from '../domain/resource';

export function escapeKey(name: string): string {
  return name.replace(/[%.$]/g, (character) => ESCAPES[character] ?? character);
}

const ESCAPES: Readonly<Record<string, string>> = { '%': '%25', '.': '%2E', $: '%24' };

export function unescapeKey(key: string): string {
  return key.replace(/%(25|2E|24)/g, (_match, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}

/** Only top-level names are URNs; the names inside come from schemas and contain none of the three characters. */
export function toStored(attributes: ScimObject): Record<string, unknown> {
  return mapKeys(attributes, escapeKey);
}

export function fromStored(stored: Record<string, unknown>): ScimObject {
  return mapKeys(stored, unescapeKey) as ScimObject;
}

function mapKeys(object: object, rename: (key: string) => string): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(object) as [string, ScimValue][]) {
    result[rename(key)] = value;
  }
  return result;
}
