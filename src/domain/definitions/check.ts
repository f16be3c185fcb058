/** Definitions as a whole: whether they fit each other and what every rule has. */
import { type InputIssue } from '../ports';
import { extendedTable } from '../extended-table';
import {
  type AttributeDefinition,
  type ResourceTypeDefinition,
  type SchemaDefinition,
} from '../schema';
import { type SchemaTable } from '../schema-table';
import { NO_DEFINITIONS, type ScimDefinitions } from '../sync-rule';
import { readResourceType, readSchema, readSchemaExtension } from './documents';
import {
  MAX_ALL_ATTRIBUTES,
  MAX_ATTRIBUTES,
  MAX_EXTENSIONS,
  MAX_RESOURCE_TYPES,
  MAX_SCHEMAS,
} from './limits';

/** Definitions from outside, in the form RFC 7643 sections 6 and 7 give them. */
export interface DefinitionDocuments {
  readonly schemas: readonly unknown[];
  readonly resourceTypes: readonly unknown[];
  readonly schemaExtensions: readonly unknown[];
}

export interface CheckedDefinitions {
  /** Complete and canonical; to be used only when there are no issues. */
  readonly definitions: ScimDefinitions;
  /** Paths begin with `schemas`, `resourceTypes` or `schemaExtensions` and an index. */
  readonly issues: readonly InputIssue[];
}

/** Endpoints that RFC 7644 section 3.2 keeps for itself. */
const RESERVED_ENDPOINTS: ReadonlySet<string> = new Set(
  ['/Me', '/Bulk', '/Schemas', '/ResourceTypes', '/ServiceProviderConfig', '/.search'].map((path) =>
    path.toLowerCase(),
  ),
);
const RESERVED_TYPES: ReadonlySet<string> = new Set([
  'schema',
  'resourcetype',
  'serviceproviderconfig',
]);
/** Schemas that describe the service and not what it keeps. */
const SERVICE_SCHEMA =
  /^urn:ietf:params:scim:(?:api:|schemas:core:2\.0:(?:ServiceProviderConfig|ResourceType|Schema)$)/i;

/** What mappings find the values of a sync rule under, and room for more. */
const OWN_SCHEMA = /^urn:usher:/i;

/** Checks everything that is added to `base`, tells all that is wrong, and fills in what was left out. */
export function checkDefinitions(
  base: SchemaTable,
  documents: DefinitionDocuments,
): CheckedDefinitions {
  const read = checkForms(documents);
  if (read.issues.length > 0) return read;
  const issues: InputIssue[] = [];
  const definitions = canonical(base, read.definitions);
  checkSchemas(base, definitions, issues);
  checkTypes(base, definitions, issues);
  checkExtensions(base, definitions, issues);
  if (issues.length === 0) checkNames(base, definitions, issues);
  if (issues.length === 0) checkReferences(base, definitions, issues);
  return { definitions, issues };
}

/** Checks each document for itself. */
export function checkForms(documents: DefinitionDocuments): CheckedDefinitions {
  const issues: InputIssue[] = [];
  const each = <Document, Read>(
    member: keyof DefinitionDocuments,
    list: readonly Document[],
    read: (value: Document, path: readonly string[], issues: InputIssue[]) => Read | undefined,
  ): (Read | undefined)[] =>
    list.map((value, index) => read(value, [member, String(index)], issues));
  checkCounts(documents, issues);
  if (issues.length > 0) return { definitions: NO_DEFINITIONS, issues };
  const schemas = each('schemas', documents.schemas, readSchema);
  const resourceTypes = each('resourceTypes', documents.resourceTypes, readResourceType);
  const extensions = each('schemaExtensions', documents.schemaExtensions, readSchemaExtension);
  if (issues.length > 0) return { definitions: NO_DEFINITIONS, issues };
  const definitions = {
    schemas: schemas.filter((one) => one !== undefined),
    resourceTypes: resourceTypes.filter((one) => one !== undefined),
    schemaExtensions: extensions.filter((one) => one !== undefined),
  };
  return { definitions, issues };
}

function checkCounts(documents: DefinitionDocuments, issues: InputIssue[]): void {
  const limits = [
    ['schemas', MAX_SCHEMAS],
    ['resourceTypes', MAX_RESOURCE_TYPES],
    ['schemaExtensions', MAX_EXTENSIONS],
  ] as const;
  for (const [member, most] of limits) {
    if (documents[member].length > most) {
      issues.push({ path: [member], message: `There may be at most ${String(most)}.` });
    }
  }
}

/** URNs and names as they are defined, however they were written where they are used. */
function canonical(base: SchemaTable, definitions: ScimDefinitions): ScimDefinitions {
  const urns = new Map(
    [...definitions.schemas, ...base.schemas].map(({ id }) => [id.toLowerCase(), id]),
  );
  const urnOf = (urn: string): string => urns.get(urn.toLowerCase()) ?? urn;
  const names = new Map(base.types.map(({ name }) => [name.toLowerCase(), name]));
  return {
    schemas: definitions.schemas,
    resourceTypes: definitions.resourceTypes.map((type) => ({
      ...type,
      schema: urnOf(type.schema),
      schemaExtensions: type.schemaExtensions.map((one) => ({ ...one, schema: urnOf(one.schema) })),
    })),
    schemaExtensions: definitions.schemaExtensions.map((one) => ({
      ...one,
      schema: urnOf(one.schema),
      resourceType: names.get(one.resourceType.toLowerCase()) ?? one.resourceType,
    })),
  };
}

function checkSchemas(
  base: SchemaTable,
  { schemas, resourceTypes, schemaExtensions }: ScimDefinitions,
  issues: InputIssue[],
): void {
  const taken = new Set(base.schemas.map(({ id }) => id.toLowerCase()));
  const used = new Set([
    ...resourceTypes.flatMap((type) => [
      type.schema,
      ...type.schemaExtensions.map(({ schema }) => schema),
    ]),
    ...schemaExtensions.map(({ schema }) => schema),
  ]);
  let all = 0;
  schemas.forEach((schema, index) => {
    const path = ['schemas', String(index)];
    const note = (member: string, message: string): void =>
      void issues.push({ path: [...path, member], message });
    if (taken.has(schema.id.toLowerCase())) note('id', 'Another schema has this URN.');
    else if (SERVICE_SCHEMA.test(schema.id)) note('id', 'RFC 7643 and 7644 use this URN.');
    else if (OWN_SCHEMA.test(schema.id)) note('id', 'URNs that begin with urn:usher: are taken.');
    else if (!used.has(schema.id)) {
      note('id', 'No resource type uses this schema. Name it in one, or in schemaExtensions.');
    }
    taken.add(schema.id.toLowerCase());
    const count = countOf(schema.attributes);
    all += count;
    if (count > MAX_ATTRIBUTES) {
      note(
        'attributes',
        `A schema may have at most ${String(MAX_ATTRIBUTES)} attributes, sub-attributes included.`,
      );
    } else if (all > MAX_ALL_ATTRIBUTES) {
      note(
        'attributes',
        `All schemas together may have at most ${String(MAX_ALL_ATTRIBUTES)} attributes.`,
      );
    }
  });
}

function countOf(attributes: readonly AttributeDefinition[]): number {
  return attributes.reduce((sum, { subAttributes = [] }) => sum + 1 + subAttributes.length, 0);
}

function checkTypes(
  base: SchemaTable,
  { schemas, resourceTypes }: ScimDefinitions,
  issues: InputIssue[],
): void {
  const names = new Set(base.types.map(({ name }) => name.toLowerCase()));
  const endpoints = new Set(base.types.map(({ endpoint }) => endpoint.toLowerCase()));
  const known = new Set([...base.schemas, ...schemas].map(({ id }) => id));
  resourceTypes.forEach((type, index) => {
    const note = (member: readonly string[], message: string): void =>
      void issues.push({ path: ['resourceTypes', String(index), ...member], message });
    const name = type.name.toLowerCase();
    const endpoint = type.endpoint.toLowerCase();
    if (names.has(name) || RESERVED_TYPES.has(name)) {
      note(['name'], `There is a resource type "${type.name}" already.`);
    }
    if (endpoints.has(endpoint) || RESERVED_ENDPOINTS.has(endpoint)) {
      note(['endpoint'], `The endpoint ${type.endpoint} is in use.`);
    }
    names.add(name);
    endpoints.add(endpoint);
    const problem = schemaProblem(type.schema, known);
    if (problem !== undefined) note(['schema'], problem);
    checkExtensionsOf(type, known, note);
  });
}

function checkExtensionsOf(
  type: ResourceTypeDefinition,
  known: ReadonlySet<string>,
  note: (member: readonly string[], message: string) => void,
): void {
  const seen = new Set([type.schema]);
  type.schemaExtensions.forEach(({ schema }, at) => {
    const problem = seen.has(schema)
      ? 'The type has this schema already.'
      : schemaProblem(schema, known);
    if (problem !== undefined) note(['schemaExtensions', String(at), 'schema'], problem);
    seen.add(schema);
  });
}

function schemaProblem(urn: string, known: ReadonlySet<string>): string | undefined {
  if (!known.has(urn)) return `There is no schema "${urn}". Define it in schemas.`;
  return SERVICE_SCHEMA.test(urn) ? 'This schema describes the service, not resources.' : undefined;
}

function checkExtensions(
  base: SchemaTable,
  { schemas, schemaExtensions }: ScimDefinitions,
  issues: InputIssue[],
): void {
  const known = new Set([...base.schemas, ...schemas].map(({ id }) => id));
  const seen = new Map(
    base.types.map(({ name, schema, schemaExtensions: own }) => [
      name,
      new Set([schema, ...own.map((one) => one.schema)]),
    ]),
  );
  schemaExtensions.forEach(({ resourceType, schema }, index) => {
    const note = (member: string, message: string): void =>
      void issues.push({ path: ['schemaExtensions', String(index), member], message });
    const extended = seen.get(resourceType);
    if (extended === undefined) {
      const names = [...seen.keys()].join(', ');
      note(
        'resourceType',
        `Must be one of: ${names}. A type of your own names its extensions itself.`,
      );
      return;
    }
    const problem = extended.has(schema)
      ? 'The type has this schema already.'
      : schemaProblem(schema, known);
    if (problem !== undefined) note('schema', problem);
    extended.add(schema);
  });
}

/** A path like `urn:x:a:b` must not be an attribute of one schema and another schema as a whole. */
function checkNames(base: SchemaTable, definitions: ScimDefinitions, issues: InputIssue[]): void {
  const table = extendedTable(base, definitions);
  for (const [index, { id }] of definitions.schemas.entries()) {
    const clash = table.schemas.find((other) => namesOf(other).includes(id.toLowerCase()));
    if (clash === undefined) continue;
    const message = `This is also the name of an attribute of ${clash.id}. Choose another URN.`;
    issues.push({ path: ['schemas', String(index), 'id'], message });
  }
}

/** `$ref` is made of `value` when a resource is shown: that takes a `value`, and a resource type to find it in. */
function checkReferences(
  base: SchemaTable,
  { schemas, resourceTypes }: ScimDefinitions,
  issues: InputIssue[],
): void {
  const types = new Set([...base.types, ...resourceTypes].map(({ name }) => name));
  schemas.forEach(({ attributes }, index) => {
    attributes.forEach(({ subAttributes = [] }, at) => {
      const sub = subAttributes.findIndex(({ name }) => name === '$ref');
      const type = subAttributes[sub]?.referenceTypes?.[0];
      if (type === undefined) return;
      const path = [
        'schemas',
        String(index),
        'attributes',
        String(at),
        'subAttributes',
        String(sub),
      ];
      if (!subAttributes.some(({ name }) => name === 'value')) {
        const message = '"$ref" is made of the sub-attribute "value", which is missing here.';
        issues.push({ path: [...path, 'name'], message });
      } else if (!types.has(type)) {
        const message = `"$ref" begins with a resource type: one of ${[...types].join(', ')}.`;
        issues.push({ path: [...path, 'referenceTypes'], message });
      }
    });
  });
}

function namesOf({ id, attributes }: SchemaDefinition): readonly string[] {
  return attributes.flatMap(({ name, subAttributes = [] }) =>
    [':', '.'].flatMap((separator) => {
      const full = `${id}${separator}${name}`.toLowerCase();
      return [full, ...subAttributes.map((sub) => `${full}.${sub.name.toLowerCase()}`)];
    }),
  );
}
