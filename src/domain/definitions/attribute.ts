/** An attribute's definition (RFC 7643 section 7), checked, with the defaults of section 2.2 filled in. */
import { type InputIssue } from '../ports';
import { type AttributeDefinition } from '../schema';
import { MAX_ATTRIBUTES, MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH, MAX_WORDS } from './limits';
import { Reader } from './reader';

const MEMBERS = [
  'name',
  'type',
  'multiValued',
  'description',
  'required',
  'caseExact',
  'mutability',
  'returned',
  'uniqueness',
  'canonicalValues',
  'referenceTypes',
  'subAttributes',
];
const TYPES = [
  'string',
  'boolean',
  'decimal',
  'integer',
  'dateTime',
  'binary',
  'reference',
  'complex',
] as const;
const MUTABILITIES = ['readOnly', 'readWrite', 'immutable', 'writeOnly'] as const;
const RETURNED = ['always', 'never', 'default', 'request'] as const;
const UNIQUENESSES = ['none', 'server', 'global'] as const;
/** Types whose values can be kept unique. */
const UNIQUE_TYPES: ReadonlySet<string> = new Set(['string', 'reference', 'integer']);

/**
 * ATTRNAME of RFC 7643 section 2.1 without the "$", which MongoDB keeps for itself. `$ref`, the one name of the RFC that
 * has it, Usher makes.
 */
const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;
/** Attributes that every resource has (RFC 7643 section 3.1). */
const COMMON: ReadonlySet<string> = new Set(['id', 'externalid', 'meta', 'schemas']);
/** Names that objects of JavaScript have from the start, or that libraries look for on any object. */
const SPECIAL: ReadonlySet<string> = new Set(
  [
    ...Object.getOwnPropertyNames(Object.prototype),
    'prototype',
    'then',
    'toJSON',
    'toBSON',
    'toObject',
  ].map((name) => name.toLowerCase()),
);

/** The attributes in a member of a schema or of a complex attribute. */
export function readAttributes(
  parent: Reader,
  member: 'attributes' | 'subAttributes',
): readonly AttributeDefinition[] {
  const names = new Map<string, number>();
  return parent.list(member, MAX_ATTRIBUTES).flatMap((item, index) => {
    const path = [...parent.path, member, String(index)];
    const attribute = readAttribute(item, path, parent.issues, member === 'subAttributes');
    if (attribute === undefined) return [];
    const key = attribute.name.toLowerCase();
    const earlier = names.get(key);
    if (earlier !== undefined && key !== '') {
      parent.issues.push({
        path: [...path, 'name'],
        message: `"${attribute.name}" is the name of ${member}[${String(earlier)}] already. Names differ in more than upper and lower case (RFC 7643 section 2.1).`,
      });
    }
    names.set(key, index);
    return [attribute];
  });
}

function readAttribute(
  value: unknown,
  path: readonly string[],
  issues: InputIssue[],
  inside: boolean,
): AttributeDefinition | undefined {
  const reader = Reader.of(value, path, issues);
  if (reader === undefined) return undefined;
  reader.onlyKnown(MEMBERS);
  const type = reader.word('type', TYPES, 'string');
  const mutability = reader.word('mutability', MUTABILITIES, 'readWrite');
  const returned = reader.word(
    'returned',
    RETURNED,
    mutability === 'writeOnly' ? 'never' : 'default',
  );
  const canonicalValues = reader.texts('canonicalValues', MAX_WORDS);
  const referenceTypes = reader.texts('referenceTypes', MAX_WORDS);
  const subAttributes = inside ? [] : readAttributes(reader, 'subAttributes');
  const attribute: AttributeDefinition = {
    name: readName(reader, inside),
    type,
    multiValued: reader.flag('multiValued', false),
    description: reader.text('description', MAX_DESCRIPTION_LENGTH, ''),
    required: reader.flag('required', false),
    // RFC 7643 sections 2.3.6 and 2.3.7: binaries and references are case exact.
    caseExact: reader.flag('caseExact', type === 'binary' || type === 'reference'),
    mutability,
    returned,
    // RFC 7643 erratum 6004: complex attributes have none.
    ...(type === 'complex' ? {} : { uniqueness: reader.word('uniqueness', UNIQUENESSES, 'none') }),
    ...(canonicalValues.length > 0 ? { canonicalValues } : {}),
    ...(referenceTypes.length > 0 ? { referenceTypes } : {}),
    ...(subAttributes.length > 0 ? { subAttributes } : {}),
  };
  checkType(reader, attribute, inside);
  checkCanonicalValues(reader, attribute);
  checkUniqueness(reader, attribute, inside);
  checkAccess(reader, attribute);
  return attribute;
}

function readName(reader: Reader, inside: boolean): string {
  const name = reader.text('name', MAX_NAME_LENGTH);
  const key = name.toLowerCase();
  if (name === '') return name;
  if (name === '$ref') {
    if (!inside) reader.note('name', '"$ref" is a sub-attribute of a reference.');
  } else if (!NAME.test(name)) {
    reader.note(
      'name',
      'Must begin with a letter and go on with letters, digits, "-" and "_" (RFC 7643 section 2.1).',
    );
  } else if (SPECIAL.has(key)) {
    reader.note('name', `"${name}" means something to JavaScript. Choose another name.`);
  } else if (!inside && COMMON.has(key)) {
    reader.note('name', `Every resource has "${name}" (RFC 7643 section 3.1). Leave it out here.`);
  }
  return name;
}

function checkType(reader: Reader, attribute: AttributeDefinition, inside: boolean): void {
  const { name, type, referenceTypes } = attribute;
  if (type === 'complex' && inside) {
    reader.note(
      'type',
      'A sub-attribute cannot be complex itself (RFC 7643 section 2.3.8, erratum 8415).',
    );
  } else if (type === 'complex' && attribute.subAttributes === undefined) {
    reader.note('subAttributes', 'A complex attribute needs at least one sub-attribute.');
  } else if (type !== 'complex' && reader.has('subAttributes')) {
    reader.note(
      'subAttributes',
      `Only complex attributes have sub-attributes; this one is ${type}.`,
    );
  }
  if (type === 'reference' && referenceTypes === undefined) {
    reader.note(
      'referenceTypes',
      'Say what it refers to: names of resource types, "external" or "uri" (RFC 7643 section 7).',
    );
  } else if (type !== 'reference' && reader.has('referenceTypes')) {
    reader.note(
      'referenceTypes',
      `Only references have reference types; this attribute is ${type}.`,
    );
  }
  if (name === '$ref' && type !== 'reference') reader.note('type', '"$ref" is a reference.');
}

function checkCanonicalValues(reader: Reader, { type }: AttributeDefinition): void {
  if (type !== 'string' && type !== 'reference' && reader.has('canonicalValues')) {
    reader.note(
      'canonicalValues',
      `Only strings and references have canonical values; this attribute is ${type}.`,
    );
  }
}

function checkUniqueness(reader: Reader, attribute: AttributeDefinition, inside: boolean): void {
  if (attribute.type === 'complex') {
    if (reader.has('uniqueness') && reader.word('uniqueness', UNIQUENESSES, 'none') !== 'none') {
      reader.note('uniqueness', 'A complex attribute has none (RFC 7643 erratum 6004).');
    }
    return;
  }
  if ((attribute.uniqueness ?? 'none') === 'none') return;
  if (inside || attribute.multiValued) {
    reader.note(
      'uniqueness',
      'Only attributes with one value that are no sub-attributes can be unique.',
    );
  } else if (!UNIQUE_TYPES.has(attribute.type)) {
    reader.note(
      'uniqueness',
      `Only strings, references and integers can be unique; this attribute is ${attribute.type}.`,
    );
  } else if (attribute.returned === 'never') {
    reader.note(
      'uniqueness',
      'What is never returned is not stored, and so it cannot be kept unique.',
    );
  }
}

/** Combinations that could never be kept: what is `never` returned is checked and forgotten, like a password. */
function checkAccess(reader: Reader, attribute: AttributeDefinition): void {
  const { mutability, returned, required } = attribute;
  if (mutability === 'writeOnly' && returned !== 'never') {
    reader.note('returned', 'What is writeOnly is "never" returned (RFC 7643 section 7).');
  }
  if (returned === 'never' && mutability === 'immutable') {
    reader.note(
      'mutability',
      'What is never returned is not stored, and so it cannot be immutable.',
    );
  }
  if (returned === 'never' && required) {
    reader.note('required', 'What is never returned is not stored, and so it cannot be required.');
  }
  if (mutability === 'readOnly' && required) {
    reader.note('required', 'Clients cannot write what is readOnly, and so it cannot be required.');
  }
}
