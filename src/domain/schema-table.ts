/** Schemas made ready for work: every name a client may use for an attribute, looked up in one step. */
import { type AttributePlace } from './attribute-values';
import { EXTERNAL_ID, ID, META, SCHEMAS } from './common-attributes';
import { type AttributePath } from './filter/ast';
import { GROUP } from './resource';
import {
  type AttributeDefinition,
  type ResolvedPath,
  type ResourceTypeDefinition,
  type SchemaDefinition,
} from './schema';
import { byName } from './sub-attributes';
import { type SyncRule } from './sync-rule';

/** A resource type with its schemas. Names are found regardless of case (RFC 7643 section 2.1). */
export class ResourceSchema {
  /** What a client may send at the top level: the core schema's attributes and `externalId`. */
  readonly attributes: readonly AttributeDefinition[];
  /** Groups have members, which are kept apart from the attributes. */
  readonly hasMembers: boolean;
  /** Attributes whose values no two resources of the type may share. */
  readonly unique: readonly AttributePlace[];

  /** By full name in lower case. Maps, not objects: `constructor` and `__proto__` are names like any other. */
  private readonly paths = new Map<string, ResolvedPath>();
  private readonly comparables = new Map<string, ResolvedPath>();
  private readonly attributesByName: ReadonlyMap<string, AttributeDefinition>;
  private readonly extensionsByUrn = new Map<string, SchemaDefinition>();

  constructor(
    readonly type: ResourceTypeDefinition,
    readonly core: SchemaDefinition,
    readonly extensions: readonly SchemaDefinition[],
  ) {
    this.hasMembers = type.name === GROUP;
    this.attributes = [EXTERNAL_ID, ...core.attributes];
    this.attributesByName = byName(this.attributes);
    for (const attribute of [ID, META, SCHEMAS, ...this.attributes]) {
      this.addPaths('', attribute);
      this.addPaths(`${core.id}:`, attribute);
      this.addPaths(`${core.id}.`, attribute);
    }
    for (const extension of extensions) this.addExtension(extension);
    for (const [name, path] of this.paths) this.comparables.set(name, comparable(path));
    this.unique = [core, ...extensions].flatMap((schema) =>
      uniqueIn(schema, schema === core ? undefined : schema.id),
    );
  }

  /**
   * The attribute a path names: bare or qualified with the URN of its schema, behind a colon or, as old Entra jobs
   * write it, a dot. Attributes of extensions are found by their bare name too, unless the core schema has that name.
   * An extension's URN alone is the extension as one complex attribute.
   */
  resolve(path: AttributePath): ResolvedPath | undefined {
    return this.paths.get(keyOf(path));
  }

  /**
   * The attribute a comparison is about: as {@link resolve}, but a complex attribute without a sub-attribute stands
   * for its `value` (`emails co "x"`, `manager eq "id"`, `members eq "id"`).
   */
  resolveComparable(path: AttributePath): ResolvedPath | undefined {
    return this.comparables.get(keyOf(path));
  }

  /** A writable top-level attribute of the core schema, or `externalId`, by its bare name. */
  attribute(name: string): AttributeDefinition | undefined {
    return this.attributesByName.get(name) ?? this.attributesByName.get(name.toLowerCase());
  }

  /** An extension of this type by its URN. */
  extension(urn: string): SchemaDefinition | undefined {
    return this.extensionsByUrn.get(urn) ?? this.extensionsByUrn.get(urn.toLowerCase());
  }

  private addExtension(extension: SchemaDefinition): void {
    const urn = extension.id;
    this.extensionsByUrn.set(urn, extension);
    this.extensionsByUrn.set(urn.toLowerCase(), extension);
    this.add(urn, { attribute: containerOf(extension) });
    for (const attribute of extension.attributes) {
      this.addPaths(`${urn}:`, attribute, urn);
      this.addPaths(`${urn}.`, attribute, urn);
      this.addPaths('', attribute, urn);
    }
  }

  private addPaths(prefix: string, attribute: AttributeDefinition, extension?: string): void {
    const owner = extension === undefined ? { attribute } : { extension, attribute };
    this.add(`${prefix}${attribute.name}`, owner);
    for (const subAttribute of attribute.subAttributes ?? []) {
      this.add(`${prefix}${attribute.name}.${subAttribute.name}`, { ...owner, subAttribute });
    }
  }

  /** The first meaning of a name stays. */
  private add(name: string, path: ResolvedPath): void {
    const key = name.toLowerCase();
    if (!this.paths.has(key)) this.paths.set(key, path);
  }
}

/** The resource types and schemas of a rule. */
export class SchemaTable {
  private readonly byName = new Map<string, ResourceSchema>();
  private readonly byPath = new Map<string, ResourceSchema>();

  constructor(
    readonly types: readonly ResourceTypeDefinition[],
    readonly schemas: readonly SchemaDefinition[],
  ) {
    const schemasById = new Map(schemas.map((schema) => [schema.id, schema]));
    const schemaOf = (id: string): SchemaDefinition => {
      const schema = schemasById.get(id);
      if (schema === undefined) throw new Error(`A resource type names the unknown schema ${id}`);
      return schema;
    };
    for (const type of types) {
      const extensions = type.schemaExtensions.map((extension) => schemaOf(extension.schema));
      const schema = new ResourceSchema(type, schemaOf(type.schema), extensions);
      this.byName.set(type.name, schema);
      this.byPath.set(type.endpoint.toLowerCase(), schema);
    }
  }

  /** By name: `User`. */
  get(resourceTypeName: string): ResourceSchema | undefined {
    return this.byName.get(resourceTypeName);
  }

  /** By endpoint: `/Users`, in any case. */
  byEndpoint(endpoint: string): ResourceSchema | undefined {
    return this.byPath.get(endpoint.toLowerCase());
  }
}

/** The schemas of a rule: the standard ones and what the rule adds. */
export type SchemasOf = (rule: SyncRule) => SchemaTable;

/** Complex attributes have no uniqueness (RFC 7643 erratum 6004), and no sub-attribute is unique here. */
function uniqueIn(schema: SchemaDefinition, extension: string | undefined): AttributePlace[] {
  return schema.attributes
    .filter(({ uniqueness = 'none' }) => uniqueness !== 'none')
    .map((attribute) => (extension === undefined ? { attribute } : { extension, attribute }));
}

/** The resolved path with the sub-attribute a bare complex attribute stands for. */
function comparable(path: ResolvedPath): ResolvedPath {
  if (path.subAttribute !== undefined || path.attribute.type !== 'complex') return path;
  const value = path.attribute.subAttributes?.find((sub) => sub.name === 'value');
  return value === undefined ? path : { ...path, subAttribute: value };
}

function keyOf({ schema, attribute, subAttribute }: AttributePath): string {
  const name = subAttribute === undefined ? attribute : `${attribute}.${subAttribute}`;
  return (schema === undefined ? name : `${schema}:${name}`).toLowerCase();
}

function containerOf(extension: SchemaDefinition): AttributeDefinition {
  return {
    name: extension.id,
    type: 'complex',
    multiValued: false,
    description: extension.description,
    required: false,
    caseExact: false,
    mutability: 'readWrite',
    returned: 'default',
    uniqueness: 'none',
    subAttributes: extension.attributes,
  };
}
