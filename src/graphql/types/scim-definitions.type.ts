/** Schemas, resource types and extensions of a sync rule, in the words of RFC 7643 sections 6 and 7. */
import { Field, InputType, ObjectType } from 'type-graphql';
import { type AttributeDefinition, type ResourceTypeDefinition } from '../../domain/schema';
import { listCost } from '../limits';
import {
  ScimAttributeTypeEnum,
  ScimMutabilityEnum,
  ScimReturnedEnum,
  ScimUniquenessEnum,
} from './scim-enums.type';

const NAME = 'A letter, then letters, digits, `-` and `_`. `$ref` only inside.';
const URN = 'The URN of the schema.';
const MULTI_VALUED = 'Whether it has a list of values.';
const CASE_EXACT = 'Whether values that differ in upper and lower case are different.';
const REFERENCE_TYPES = 'What a reference refers to: resource types, `external` or `uri`.';
const CANONICAL = 'Values that are recommended; others are taken too.';
const REQUIRED = 'Whether it must have a value.';
const REQUIRED_EXTENSION = 'Whether every resource of the type must have the extension.';

@ObjectType({ description: 'What attributes and sub-attributes have in common.' })
abstract class ScimCharacteristics {
  @Field(() => String, { description: NAME })
  name!: string;

  @Field(() => ScimAttributeTypeEnum, { description: 'Of what kind its values are.' })
  type!: AttributeDefinition['type'];

  @Field(() => Boolean, { description: MULTI_VALUED })
  multiValued!: boolean;

  @Field(() => String, { description: 'What it means.' })
  description!: string;

  @Field(() => Boolean, { description: REQUIRED })
  required!: boolean;

  @Field(() => Boolean, { description: CASE_EXACT })
  caseExact!: boolean;

  @Field(() => ScimMutabilityEnum, { description: 'Who may write it, and when.' })
  mutability!: AttributeDefinition['mutability'];

  @Field(() => ScimReturnedEnum, { description: 'When it is shown.' })
  returned!: AttributeDefinition['returned'];

  @Field(() => ScimUniquenessEnum, {
    nullable: true,
    description: 'Among which resources a value may be there once. Null: a complex attribute.',
  })
  uniqueness?: AttributeDefinition['uniqueness'];

  @Field(() => [String], { nullable: true, description: CANONICAL })
  canonicalValues?: readonly string[];

  @Field(() => [String], { nullable: true, description: REFERENCE_TYPES })
  referenceTypes?: readonly string[];
}

@ObjectType('ScimSubAttribute', { description: 'A part of a complex attribute.' })
export class ScimSubAttributeType extends ScimCharacteristics {}

@ObjectType('ScimAttribute', { description: 'An attribute of a schema (RFC 7643 section 7).' })
export class ScimAttributeObjectType extends ScimCharacteristics {
  @Field(() => [ScimSubAttributeType], {
    nullable: true,
    complexity: listCost(5),
    description: 'The parts of a complex attribute.',
  })
  subAttributes?: readonly AttributeDefinition[];
}

@ObjectType('ScimSchema', { description: 'A schema that a sync rule adds (RFC 7643 section 7).' })
export class ScimSchemaType {
  @Field(() => String, { description: 'Its URN.' })
  id!: string;

  @Field(() => String, { description: 'Its name, for people.' })
  name!: string;

  @Field(() => String, { description: 'What it is for.' })
  description!: string;

  @Field(() => [ScimAttributeObjectType], {
    complexity: listCost(10),
    description: 'Its attributes.',
  })
  attributes!: readonly AttributeDefinition[];
}

@ObjectType('ScimResourceTypeExtension', { description: 'An extension of a resource type.' })
export class ScimResourceTypeExtensionType {
  @Field(() => String, { description: URN })
  schema!: string;

  @Field(() => Boolean, { description: REQUIRED_EXTENSION })
  required!: boolean;
}

@ObjectType('ScimResourceType', {
  description: 'A resource type that a sync rule adds (RFC 7643 section 6).',
})
export class ScimResourceTypeType {
  @Field(() => String, { description: 'Its name, unique regardless of case.' })
  name!: string;

  @Field(() => String, { description: 'Where its resources are, such as `/Devices`.' })
  endpoint!: string;

  @Field(() => String, { description: 'What it is for.' })
  description!: string;

  @Field(() => String, { description: 'The URN of its core schema.' })
  schema!: string;

  @Field(() => [ScimResourceTypeExtensionType], {
    complexity: listCost(3),
    description: 'What extends it.',
  })
  schemaExtensions!: ResourceTypeDefinition['schemaExtensions'];
}

@ObjectType('ScimSchemaExtension', {
  description: 'An extension of a resource type that every rule has.',
})
export class ScimSchemaExtensionType extends ScimResourceTypeExtensionType {
  @Field(() => String, { description: 'The name of the resource type, such as `User`.' })
  resourceType!: string;
}

@InputType({ description: 'What attributes and sub-attributes have in common.' })
abstract class ScimCharacteristicsInput {
  @Field(() => String, { description: NAME })
  name!: string;

  @Field(() => ScimAttributeTypeEnum, { nullable: true, description: 'Null: `STRING`.' })
  type?: AttributeDefinition['type'] | null;

  @Field(() => Boolean, { nullable: true, description: `${MULTI_VALUED} Null: false.` })
  multiValued?: boolean | null;

  @Field(() => String, { nullable: true, description: 'What it means. Null: nothing is said.' })
  description?: string | null;

  @Field(() => Boolean, { nullable: true, description: `${REQUIRED} Null: false.` })
  required?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description: `${CASE_EXACT} Null: false, except for \`BINARY\` and \`REFERENCE\`.`,
  })
  caseExact?: boolean | null;

  @Field(() => ScimMutabilityEnum, { nullable: true, description: 'Null: `READ_WRITE`.' })
  mutability?: AttributeDefinition['mutability'] | null;

  @Field(() => ScimReturnedEnum, {
    nullable: true,
    description: 'Null: `DEFAULT`, and `NEVER` for what is `WRITE_ONLY`.',
  })
  returned?: AttributeDefinition['returned'] | null;

  @Field(() => ScimUniquenessEnum, { nullable: true, description: 'Null: `NONE`.' })
  uniqueness?: AttributeDefinition['uniqueness'] | null;

  @Field(() => [String], { nullable: true, description: `${CANONICAL} Null: none.` })
  canonicalValues?: string[] | null;

  @Field(() => [String], { nullable: true, description: `${REFERENCE_TYPES} Null: none.` })
  referenceTypes?: string[] | null;
}

@InputType('ScimSubAttributeInput', { description: 'A part of a complex attribute.' })
export class ScimSubAttributeInput extends ScimCharacteristicsInput {}

@InputType('ScimAttributeInput', { description: 'An attribute of a schema.' })
export class ScimAttributeInput extends ScimCharacteristicsInput {
  @Field(() => [ScimSubAttributeInput], {
    nullable: true,
    description: 'The parts of a complex attribute. Null: none.',
  })
  subAttributes?: ScimSubAttributeInput[] | null;
}

@InputType('ScimSchemaInput', { description: 'A schema to be added.' })
export class ScimSchemaInput {
  @Field(() => String, { description: 'Its URN.' })
  id!: string;

  @Field(() => String, { nullable: true, description: 'Null: the end of the URN.' })
  name?: string | null;

  @Field(() => String, { nullable: true, description: 'What it is for. Null: nothing is said.' })
  description?: string | null;

  @Field(() => [ScimAttributeInput], { description: 'Its attributes, at least one.' })
  attributes!: ScimAttributeInput[];
}

@InputType('ScimResourceTypeExtensionInput', { description: 'An extension of a resource type.' })
export class ScimResourceTypeExtensionInput {
  @Field(() => String, { description: URN })
  schema!: string;

  @Field(() => Boolean, { nullable: true, description: `${REQUIRED_EXTENSION} Null: false.` })
  required?: boolean | null;
}

@InputType('ScimResourceTypeInput', { description: 'A resource type to be added.' })
export class ScimResourceTypeInput {
  @Field(() => String, { description: 'Its name, unique regardless of case.' })
  name!: string;

  @Field(() => String, { description: 'Where its resources are, such as `/Devices`.' })
  endpoint!: string;

  @Field(() => String, { nullable: true, description: 'What it is for. Null: nothing is said.' })
  description?: string | null;

  @Field(() => String, { description: 'The URN of its core schema.' })
  schema!: string;

  @Field(() => [ScimResourceTypeExtensionInput], {
    nullable: true,
    description: 'What extends it. Null: nothing.',
  })
  schemaExtensions?: ScimResourceTypeExtensionInput[] | null;
}

@InputType('ScimSchemaExtensionInput', {
  description: 'An extension of a resource type that every rule has.',
})
export class ScimSchemaExtensionInput extends ScimResourceTypeExtensionInput {
  @Field(() => String, { description: 'The name of the resource type, such as `User`.' })
  resourceType!: string;
}
