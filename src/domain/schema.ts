/** Schemas as tables (RFC 7643 sections 2 and 7): what /Schemas serves is what validates, projects and compiles. */

/** An attribute's characteristics, exactly as RFC 7643 section 7 spells them. */
export interface AttributeDefinition {
  readonly name: string;
  readonly type:
    'string' | 'boolean' | 'decimal' | 'integer' | 'dateTime' | 'binary' | 'reference' | 'complex';
  readonly multiValued: boolean;
  readonly description: string;
  readonly required: boolean;
  readonly caseExact: boolean;
  readonly mutability: 'readOnly' | 'readWrite' | 'immutable' | 'writeOnly';
  readonly returned: 'always' | 'never' | 'default' | 'request';
  /** Absent on complex attributes (RFC 7643 erratum 6004). */
  readonly uniqueness?: 'none' | 'server' | 'global';
  readonly canonicalValues?: readonly string[];
  readonly referenceTypes?: readonly string[];
  readonly subAttributes?: readonly AttributeDefinition[];
}

/** A schema document (RFC 7643 section 7). */
export interface SchemaDefinition {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly attributes: readonly AttributeDefinition[];
}

/** A resource type document (RFC 7643 section 6). */
export interface ResourceTypeDefinition {
  readonly id: string;
  readonly name: string;
  readonly endpoint: string;
  readonly description: string;
  readonly schema: string;
  readonly schemaExtensions: readonly { readonly schema: string; readonly required: boolean }[];
}

/** A path resolved against a resource type: canonical names and the definitions they stand for. */
export interface ResolvedPath {
  /** The extension's URN when the attribute belongs to one; absent for the core schema and common attributes. */
  readonly extension?: string;
  readonly attribute: AttributeDefinition;
  readonly subAttribute?: AttributeDefinition;
}
