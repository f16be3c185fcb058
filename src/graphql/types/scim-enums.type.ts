/** Keywords of RFC 7643 section 7 as GraphQL enums. `satisfies` keeps each of them complete. */
import { registerEnumType } from 'type-graphql';
import { type AttributeDefinition } from '../../domain/schema';
import { type ScimProfile } from '../../domain/sync-rule';

type Keywords<Word> = Readonly<Record<string, Word>>;

export const ScimProfileEnum = {
  TOLERANT: 'tolerant',
  STRICT: 'strict',
} as const satisfies Keywords<ScimProfile>;
registerEnumType(ScimProfileEnum, {
  name: 'ScimProfile',
  description: 'How strictly SCIM requests are read.',
  valuesConfig: {
    TOLERANT: { description: 'As real identity providers write them; docs/scim.md has the list.' },
    STRICT: { description: 'As RFC 7643 and RFC 7644 have them; all else is refused.' },
  },
});

export const ScimAttributeTypeEnum = {
  STRING: 'string',
  BOOLEAN: 'boolean',
  DECIMAL: 'decimal',
  INTEGER: 'integer',
  DATE_TIME: 'dateTime',
  BINARY: 'binary',
  REFERENCE: 'reference',
  COMPLEX: 'complex',
} as const satisfies Keywords<AttributeDefinition['type']>;
registerEnumType(ScimAttributeTypeEnum, {
  name: 'ScimAttributeType',
  description: 'Of what kind the values of an attribute are (RFC 7643 section 2.3).',
  valuesConfig: {
    STRING: { description: 'Text.' },
    BOOLEAN: { description: 'True or false.' },
    DECIMAL: { description: 'A number.' },
    INTEGER: { description: 'A whole number.' },
    DATE_TIME: { description: 'A time such as 2030-01-31T12:00:00Z.' },
    BINARY: { description: 'Base64.' },
    REFERENCE: { description: 'A URI, or a resource.' },
    COMPLEX: { description: 'An object of sub-attributes, none of them complex.' },
  },
});

export const ScimMutabilityEnum = {
  READ_ONLY: 'readOnly',
  READ_WRITE: 'readWrite',
  IMMUTABLE: 'immutable',
  WRITE_ONLY: 'writeOnly',
} as const satisfies Keywords<AttributeDefinition['mutability']>;
registerEnumType(ScimMutabilityEnum, {
  name: 'ScimMutability',
  description: 'Who may write an attribute, and when.',
  valuesConfig: {
    READ_ONLY: { description: 'No client: what one sends is ignored.' },
    READ_WRITE: { description: 'Every client, at any time.' },
    IMMUTABLE: { description: 'Every client, once: a value that is there stays.' },
    WRITE_ONLY: { description: 'Every client; nobody reads it.' },
  },
});

export const ScimReturnedEnum = {
  ALWAYS: 'always',
  NEVER: 'never',
  DEFAULT: 'default',
  REQUEST: 'request',
} as const satisfies Keywords<AttributeDefinition['returned']>;
registerEnumType(ScimReturnedEnum, {
  name: 'ScimReturned',
  description: 'When an attribute is shown.',
  valuesConfig: {
    ALWAYS: { description: 'Always, whatever the request asks for.' },
    NEVER: { description: 'Never: it is checked and forgotten, like a password.' },
    DEFAULT: { description: 'Unless the request asks for others, or not for this one.' },
    REQUEST: { description: 'Only when the request asks for it.' },
  },
});

export const ScimUniquenessEnum = {
  NONE: 'none',
  SERVER: 'server',
  GLOBAL: 'global',
} as const satisfies Keywords<NonNullable<AttributeDefinition['uniqueness']>>;
registerEnumType(ScimUniquenessEnum, {
  name: 'ScimUniqueness',
  description: 'Among which resources a value may be there once.',
  valuesConfig: {
    NONE: { description: 'Any number may have it.' },
    SERVER: { description: 'One resource of its type in the sync rule.' },
    GLOBAL: { description: 'As `SERVER`: Usher cannot know of more than its own resources.' },
  },
});
