/** Mappings, and what directories can hold. */
import { Field, InputType, Int, ObjectType } from 'type-graphql';
import {
  type TargetAttributeDescription,
  type TargetMappings,
  type TargetSchemaDescription,
} from '../../domain/ports';
import { type ApplyMode, type MappingEntry, type MappingOverride } from '../../domain/sync-rule';
import { ApplyModeEnum } from './enums.type';

const ATTRIBUTE = 'The attribute of the target.';
const EXPRESSION = 'A SCIM path, a literal, or functions of them: `lower(userName)`.';
const OVERRIDDEN_EXPRESSION = `${EXPRESSION} Null: as in the default mapping.`;
const OVERRIDDEN_APPLY =
  'When it is written; `IGNORE` leaves the line out. Null: as in the default mapping.';

@ObjectType('MappingEntry', { description: 'One line of a mapping: attribute <- expression.' })
export class MappingEntryType implements MappingEntry {
  @Field(() => String, { description: ATTRIBUTE })
  attribute!: string;

  @Field(() => String, { description: EXPRESSION })
  expression!: string;

  @Field(() => ApplyModeEnum, { description: 'When it is written.' })
  apply!: ApplyMode;
}

@ObjectType('MappingOverride', {
  description: 'One line of the default mapping said otherwise, or one more line.',
})
export class MappingOverrideType implements MappingOverride {
  @Field(() => String, { description: ATTRIBUTE })
  attribute!: string;

  @Field(() => String, { nullable: true, description: OVERRIDDEN_EXPRESSION })
  expression?: string;

  @Field(() => ApplyModeEnum, { nullable: true, description: OVERRIDDEN_APPLY })
  apply?: ApplyMode;
}

@InputType('MappingEntryInput', { description: 'One line of a mapping: attribute <- expression.' })
export class MappingEntryInput {
  @Field(() => String, { description: ATTRIBUTE })
  attribute!: string;

  @Field(() => String, { description: EXPRESSION })
  expression!: string;

  @Field(() => ApplyModeEnum, {
    nullable: true,
    defaultValue: 'AUTHORITATIVE',
    description: 'When it is written.',
  })
  apply?: ApplyMode | null;
}

@InputType('MappingOverrideInput', {
  description: 'One line of the default mapping said otherwise, or one more line.',
})
export class MappingOverrideInput {
  @Field(() => String, { description: ATTRIBUTE })
  attribute!: string;

  @Field(() => String, { nullable: true, description: OVERRIDDEN_EXPRESSION })
  expression?: string | null;

  @Field(() => ApplyModeEnum, { nullable: true, description: OVERRIDDEN_APPLY })
  apply?: ApplyMode | null;
}

/** Plain objects from here on: instances of input classes are no business of a store. */
export function fromMappingEntry(input: MappingEntryInput): MappingEntry {
  const { attribute, expression, apply } = input;
  return { attribute, expression, apply: apply ?? 'AUTHORITATIVE' };
}

export function fromMappingOverride(input: MappingOverrideInput): MappingOverride {
  const { attribute, expression, apply } = input;
  return {
    attribute,
    ...(expression == null ? {} : { expression }),
    ...(apply == null ? {} : { apply }),
  };
}

@ObjectType('TargetMappings', { description: 'Lines of a mapping, for each kind of entry.' })
export class TargetMappingsType implements TargetMappings {
  @Field(() => [MappingEntryType], { description: 'How users become entries.' })
  user!: readonly MappingEntry[];

  @Field(() => [MappingEntryType], { description: 'How groups become entries.' })
  group!: readonly MappingEntry[];
}

@ObjectType('TargetAttribute', { description: 'What a directory can hold under one name.' })
export class TargetAttributeType implements TargetAttributeDescription {
  @Field(() => String, { description: 'As the directory writes it.' })
  name!: string;

  @Field(() => Boolean, { description: 'Whether it can have several values.' })
  multiValued!: boolean;

  @Field(() => Boolean, { description: 'Whether no entry can be without it.' })
  required!: boolean;

  @Field(() => Boolean, { description: 'Whether the directory keeps it itself.' })
  readOnly!: boolean;

  @Field(() => Int, { nullable: true, description: 'How long a value may be. Null: not known.' })
  maxLength?: number;
}

@ObjectType('TargetSchema', { description: 'What a directory can hold, as far as it tells.' })
export class TargetSchemaType {
  @Field(() => [TargetAttributeType], { description: 'In entries of users.' })
  user!: readonly TargetAttributeDescription[];

  @Field(() => [TargetAttributeType], { description: 'In entries of groups.' })
  group!: readonly TargetAttributeDescription[];

  @Field(() => Boolean, {
    description: 'Whether other attributes can be mapped as well; these are those most in use.',
  })
  isOpen!: boolean;
}

export function toTargetSchema({ user, group, open }: TargetSchemaDescription): TargetSchemaType {
  return { user, group, isOpen: open === true };
}
