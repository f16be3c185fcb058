/**
 * Definitions that stand in files and hold for all rules: documents as `/Schemas` and `/ResourceTypes` show them
 * (RFC 7643 sections 6 and 7).
 */
import { type InputIssue } from '../ports';
import { type ResourceTypeDefinition } from '../schema';
import { type SchemaTable } from '../schema-table';
import { type ScimDefinitions } from '../sync-rule';
import { checkDefinitions, checkForms } from './check';
import { readResourceType } from './documents';

/** A document, and where it was found. */
export interface FileDocument {
  readonly file: string;
  /** Empty, or the index in the list that the file holds. */
  readonly path: readonly string[];
  readonly value: unknown;
}

/** What is wrong, and where; without a file with all of them together. */
export interface FileIssue extends InputIssue {
  readonly file?: string;
}

export interface FileDefinitions {
  /** To be used only when there are no issues. */
  readonly definitions: ScimDefinitions;
  readonly issues: readonly FileIssue[];
  /** The same about the file that the definition comes from. */
  inFile(issue: InputIssue): FileIssue;
}

interface Sorted {
  readonly schemas: FileDocument[];
  readonly resourceTypes: FileDocument[];
  readonly schemaExtensions: FileDocument[];
}

const CORE = 'urn:ietf:params:scim:schemas:core:2.0';
const KINDS: ReadonlyMap<unknown, 'schemas' | 'resourceTypes'> = new Map([
  [`${CORE}:schema`.toLowerCase(), 'schemas'],
  [`${CORE}:resourcetype`.toLowerCase(), 'resourceTypes'],
]);

/** `isComplete`: every file could be read. Otherwise each document is checked for itself only. */
export function readDefinitionFiles(
  base: SchemaTable,
  documents: readonly FileDocument[],
  isComplete: boolean,
): FileDefinitions {
  const issues: FileIssue[] = [];
  const sorted: Sorted = { schemas: [], resourceTypes: [], schemaExtensions: [] };
  for (const document of documents) issues.push(...sort(document, base, sorted));
  const given = {
    schemas: valuesOf(sorted.schemas),
    resourceTypes: valuesOf(sorted.resourceTypes),
    schemaExtensions: valuesOf(sorted.schemaExtensions),
  };
  // What is missing would only be missed a second time.
  const whole = isComplete && issues.length === 0;
  const checked = whole ? checkDefinitions(base, given) : checkForms(given);
  const inFile = (issue: InputIssue): FileIssue => locate(sorted, issue);
  const { definitions } = checked;
  return { definitions, issues: [...issues, ...checked.issues.map(inFile)], inFile };
}

function sort(document: FileDocument, base: SchemaTable, sorted: Sorted): readonly FileIssue[] {
  const { file, path, value } = document;
  if (!isObject(value)) {
    const message = 'Must be an object: a schema or a resource type.';
    return [{ file, path, message }];
  }
  const kind = kindOf(value);
  if (kind === undefined) {
    const message = `Must be ["${CORE}:Schema"] or ["${CORE}:ResourceType"].`;
    return [{ file, path: [...path, 'schemas'], message }];
  }
  const name = kind === 'resourceTypes' ? String(value['name']).toLowerCase() : undefined;
  const standard = base.types.find((type) => type.name.toLowerCase() === name);
  if (standard !== undefined) return sortRestated(document, standard, sorted);
  sorted[kind].push(document);
  return [];
}

/** By `schemas`, as every resource of SCIM says what it is, or else by what only one of the two has. */
function kindOf(value: Readonly<Record<string, unknown>>): 'schemas' | 'resourceTypes' | undefined {
  const { schemas } = value;
  if (schemas === undefined) return Object.hasOwn(value, 'endpoint') ? 'resourceTypes' : 'schemas';
  if (!Array.isArray(schemas) || schemas.length !== 1) return undefined;
  return KINDS.get(String(schemas[0]).toLowerCase());
}

/** A type that every rule has anyway: what it has more of extensions is added. */
function sortRestated(
  { file, path, value }: FileDocument,
  standard: ResourceTypeDefinition,
  sorted: Sorted,
): readonly FileIssue[] {
  const issues: InputIssue[] = [];
  const type = readResourceType(value, path, issues);
  if (type === undefined || issues.length > 0) return issues.map((one) => ({ file, ...one }));
  const note = (member: readonly string[], message: string): void =>
    void issues.push({ path: [...path, ...member], message });
  for (const member of ['name', 'endpoint', 'description', 'schema'] as const) {
    const isLeftOut = member === 'description' && type.description === '';
    if (isLeftOut || type[member] === standard[member]) continue;
    note(
      [member],
      `Must be "${standard[member]}" as in the standard type. Only extensions are added.`,
    );
  }
  for (const { schema, required } of standard.schemaExtensions) {
    const at = type.schemaExtensions.findIndex((one) => isSame(one.schema, schema));
    if (at < 0) note(['schemaExtensions'], `Must have "${schema}" too: it cannot be taken away.`);
    else if (type.schemaExtensions[at]?.required !== required) {
      note(['schemaExtensions', String(at), 'required'], `Must be ${String(required)}.`);
    }
  }
  type.schemaExtensions.forEach(({ schema, required }, index) => {
    if (standard.schemaExtensions.some((one) => isSame(one.schema, schema))) return;
    sorted.schemaExtensions.push({
      file,
      path: [...path, 'schemaExtensions', String(index)],
      value: { resourceType: standard.name, schema, required },
    });
  });
  return issues.map((one) => ({ file, ...one }));
}

function locate(sorted: Sorted, { path, message }: InputIssue): FileIssue {
  const [member = '', index = '', ...rest] = path;
  const found = Object.hasOwn(sorted, member)
    ? sorted[member as keyof Sorted][Number(index)]
    : undefined;
  if (index === '' || found === undefined) return { path, message };
  return { file: found.file, path: [...found.path, ...rest], message };
}

function valuesOf(documents: readonly FileDocument[]): readonly unknown[] {
  return documents.map(({ value }) => value);
}

function isSame(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
