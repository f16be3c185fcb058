/** Schemas, resource types and extensions as they come from outside (RFC 7643 sections 6 and 7), each checked for itself. */
import { type InputIssue } from '../ports';
import { type ResourceTypeDefinition, type SchemaDefinition } from '../schema';
import { type SchemaExtension } from '../sync-rule';
import { readAttributes } from './attribute';
import { MAX_DESCRIPTION_LENGTH, MAX_EXTENSIONS, MAX_NAME_LENGTH, MAX_URN_LENGTH } from './limits';
import { Reader } from './reader';

/**
 * RFC 8141, without the characters that end a URN in filters and paths. The namespace-specific part is compared regardless of
 * case, as RFC 7643 does.
 */
const URN = /^urn:[a-z0-9][a-z0-9-]{1,31}:[a-z0-9](?:[a-z0-9._:~+%/@=,;!*'&-]*[a-z0-9])?$/i;
const TYPE_NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;
const ENDPOINT = /^\/[A-Za-z][A-Za-z0-9_-]*$/;

export function isUrn(text: string): boolean {
  return URN.test(text);
}

export function readSchema(
  value: unknown,
  path: readonly string[],
  issues: InputIssue[],
): SchemaDefinition | undefined {
  const reader = Reader.of(value, path, issues);
  if (reader === undefined) return undefined;
  // `schemas` and `meta` are what /Schemas shows around it.
  reader.onlyKnown(['id', 'name', 'description', 'attributes', 'schemas', 'meta']);
  const id = readUrn(reader, 'id');
  const attributes = readAttributes(reader, 'attributes');
  if (reader.list('attributes', Infinity).length === 0) {
    reader.note('attributes', 'A schema needs at least one attribute.');
  }
  return {
    id,
    name: reader.text('name', MAX_NAME_LENGTH, id.slice(id.lastIndexOf(':') + 1)),
    description: reader.text('description', MAX_DESCRIPTION_LENGTH, ''),
    attributes,
  };
}

export function readResourceType(
  value: unknown,
  path: readonly string[],
  issues: InputIssue[],
): ResourceTypeDefinition | undefined {
  const reader = Reader.of(value, path, issues);
  if (reader === undefined) return undefined;
  reader.onlyKnown([
    'id',
    'name',
    'endpoint',
    'description',
    'schema',
    'schemaExtensions',
    'schemas',
    'meta',
  ]);
  const name = reader.text('name', MAX_NAME_LENGTH);
  if (name !== '' && !TYPE_NAME.test(name)) {
    reader.note('name', 'Must begin with a letter and go on with letters, digits, "-" and "_".');
  }
  const id = reader.text('id', MAX_NAME_LENGTH, name);
  if (id !== name) reader.note('id', `Must be the name, "${name}", or be left out.`);
  const endpoint = reader.text('endpoint', MAX_NAME_LENGTH);
  if (endpoint !== '' && !ENDPOINT.test(endpoint)) {
    reader.note('endpoint', 'Must be a slash and a name, such as "/Devices".');
  }
  const extensions = reader.list('schemaExtensions', MAX_EXTENSIONS).flatMap((item, index) => {
    const one = Reader.of(item, [...path, 'schemaExtensions', String(index)], issues);
    if (one === undefined) return [];
    one.onlyKnown(['schema', 'required']);
    return [{ schema: readUrn(one, 'schema'), required: one.flag('required', false) }];
  });
  return {
    id: name,
    name,
    endpoint,
    description: reader.text('description', MAX_DESCRIPTION_LENGTH, ''),
    schema: readUrn(reader, 'schema'),
    schemaExtensions: extensions,
  };
}

export function readSchemaExtension(
  value: unknown,
  path: readonly string[],
  issues: InputIssue[],
): SchemaExtension | undefined {
  const reader = Reader.of(value, path, issues);
  if (reader === undefined) return undefined;
  reader.onlyKnown(['resourceType', 'schema', 'required']);
  return {
    resourceType: reader.text('resourceType', MAX_NAME_LENGTH),
    schema: readUrn(reader, 'schema'),
    required: reader.flag('required', false),
  };
}

function readUrn(reader: Reader, name: string): string {
  const urn = reader.text(name, MAX_URN_LENGTH);
  if (urn !== '' && !URN.test(urn)) {
    reader.note(
      name,
      'Must be a URN such as "urn:ietf:params:scim:schemas:extension:acme:2.0:User".',
    );
    return '';
  }
  return urn;
}
