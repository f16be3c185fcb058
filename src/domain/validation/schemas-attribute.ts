/** The `schemas` attribute of a resource in a request (RFC 7643 section 3). */
import { type ResourceSchema } from '../schema-table';
import { invalid } from './invalid';

/**
 * It is required, has the URN of the core schema and that of each extension the body has attributes of, no other, and
 * none twice. URNs are compared regardless of case.
 */
export function checkSchemas(schema: ResourceSchema, body: object): void {
  const urns = urnsIn(body);
  if (urns === undefined) {
    throw invalid('schemas', `is required: a list with "${schema.core.id}" in it`);
  }
  const listed = new Set<string>();
  for (const urn of urns) {
    const known = urn.toLowerCase() === schema.core.id.toLowerCase() ? schema.core : undefined;
    const id = (known ?? schema.extension(urn))?.id;
    if (id === undefined)
      throw invalid('schemas', `has "${urn}", no schema of ${schema.type.name}`);
    if (listed.has(id)) throw invalid('schemas', `has "${id}" twice`);
    listed.add(id);
  }
  for (const needed of [schema.core.id, ...extensionsIn(schema, body)]) {
    if (!listed.has(needed)) throw invalid('schemas', `must have "${needed}"`);
  }
}

function extensionsIn(schema: ResourceSchema, body: object): readonly string[] {
  return Object.entries(body).flatMap(([name, value]) => {
    const extension = value === null ? undefined : schema.extension(name);
    return extension === undefined ? [] : [extension.id];
  });
}

function urnsIn(body: object): readonly string[] | undefined {
  const entries = Object.entries(body) as [string, unknown][];
  const value = entries.find(([name]) => name.toLowerCase() === 'schemas')?.[1];
  if (!Array.isArray(value) || !value.every((urn) => typeof urn === 'string')) return undefined;
  return value;
}
