import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAttributePath } from '../../../src/domain/filter/parser';
import { type AttributeDefinition } from '../../../src/domain/schema';
import { SchemaTable } from '../../../src/domain/schema-table';
import { standardSchemas } from '../../../src/domain/standard-schemas';

const CORE = 'urn:ietf:params:scim:schemas:core:2.0:User';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const user = standardSchemas.get('User')!;
const group = standardSchemas.get('Group')!;

describe('resolve', () => {
  test.each<[string, ...(string | undefined)[]]>([
    ['userName', undefined, 'userName'],
    ['USERNAME', undefined, 'userName'],
    [`${CORE}:userName`, undefined, 'userName'],
    [`${CORE.toUpperCase()}:USERNAME`, undefined, 'userName'],
    ['name.GivenName', undefined, 'name', 'givenName'],
    [`${CORE}:name.givenName`, undefined, 'name', 'givenName'],
    [`${CORE}.active`, undefined, 'active'],
    ['id', undefined, 'id'],
    ['externalid', undefined, 'externalId'],
    ['meta.lastmodified', undefined, 'meta', 'lastModified'],
    ['schemas', undefined, 'schemas'],
    [`${ENTERPRISE}:department`, ENTERPRISE, 'department'],
    [`${ENTERPRISE}:manager.value`, ENTERPRISE, 'manager', 'value'],
    [`${ENTERPRISE}.manager`, ENTERPRISE, 'manager'],
    [`${ENTERPRISE}.manager.value`, ENTERPRISE, 'manager', 'value'],
    ['department', ENTERPRISE, 'department'],
    ['manager.$ref', ENTERPRISE, 'manager', '$ref'],
    [ENTERPRISE, undefined, ENTERPRISE],
    ['emails', undefined, 'emails'],
  ])('%s', (text, ...names) => {
    const path = user.resolve(parseAttributePath(text));
    const found = [path?.extension, path?.attribute.name, path?.subAttribute?.name];
    expect(found).toEqual([...names, undefined].slice(0, 3));
  });

  test.each([
    'unknown',
    'constructor',
    'toString',
    'name.unknown',
    'urn:x:y:userName',
    `${CORE}:department`,
  ])('%s is unknown', (text) => {
    expect(user.resolve(parseAttributePath(text))).toBeUndefined();
  });

  test('a complex attribute stands for its value in a comparison', () => {
    expect(user.resolveComparable({ attribute: 'emails' })?.subAttribute?.name).toBe('value');
    expect(user.resolveComparable({ attribute: 'manager' })?.subAttribute?.name).toBe('value');
    expect(group.resolveComparable({ attribute: 'members' })?.subAttribute?.name).toBe('value');
    expect(user.resolveComparable({ attribute: 'name' })?.subAttribute).toBeUndefined();
    expect(user.resolve({ attribute: 'emails' })?.subAttribute).toBeUndefined();
  });
});

test('resource types are found by name and by endpoint', () => {
  expect(standardSchemas.byEndpoint('/Users')).toBe(user);
  expect(standardSchemas.byEndpoint('/groups')).toBe(group);
  expect(standardSchemas.byEndpoint('/constructor')).toBeUndefined();
  expect(standardSchemas.get('__proto__')).toBeUndefined();
  expect([user.hasMembers, group.hasMembers]).toEqual([false, true]);
});

test('a resource type of an unknown schema is refused', () => {
  expect(() => new SchemaTable(standardSchemas.types, [])).toThrow('unknown schema');
});

describe('the documents in schema/scim', () => {
  const folder = join(__dirname, '../../../schema/scim');
  const keywords: Readonly<Record<string, readonly string[]>> = {
    type: ['string', 'boolean', 'decimal', 'integer', 'dateTime', 'binary', 'reference', 'complex'],
    mutability: ['readOnly', 'readWrite', 'immutable', 'writeOnly'],
    returned: ['always', 'never', 'default', 'request'],
    uniqueness: ['none', 'server', 'global'],
  };

  function check(attribute: AttributeDefinition, inside: boolean): void {
    expect(attribute.name).toMatch(/^\$?[a-zA-Z][\w-]*$/);
    for (const [keyword, values] of Object.entries(keywords)) {
      // Erratum 6004: complex attributes have no uniqueness.
      if (keyword === 'uniqueness' && attribute.type === 'complex') {
        expect(attribute).not.toHaveProperty('uniqueness');
      } else {
        expect(values).toContain(attribute[keyword as keyof AttributeDefinition]);
      }
    }
    expect(typeof attribute.multiValued).toBe('boolean');
    expect(typeof attribute.required).toBe('boolean');
    expect(typeof attribute.caseExact).toBe('boolean');
    expect(attribute.description).not.toBe('');
    expect(attribute.type === 'complex').toBe((attribute.subAttributes ?? []).length > 0);
    expect(attribute.type === 'reference').toBe((attribute.referenceTypes ?? []).length > 0);
    for (const sub of attribute.subAttributes ?? []) check(sub, inside);
  }

  test.each(standardSchemas.schemas.map((schema) => [schema.name, schema] as const))(
    '%s is well-formed',
    (_name, schema) => {
      expect(schema.id).toMatch(/^urn:ietf:params:scim:schemas:/);
      for (const attribute of schema.attributes) check(attribute, false);
    },
  );

  test('are all served, and have no nulls', () => {
    const files = readdirSync(folder).filter((name) => name !== 'resource-types.json');
    expect(files).toHaveLength(standardSchemas.schemas.length);
    for (const file of files) {
      expect(readFileSync(join(folder, file), 'utf8')).not.toContain('null');
    }
  });

  test('follow the errata of RFC 7643', () => {
    const subs = (attribute: string): readonly AttributeDefinition[] =>
      user.attribute(attribute)?.subAttributes ?? [];
    expect(group.attribute('displayName')?.required).toBe(true);
    expect(subs('groups').find(({ name }) => name === '$ref')?.referenceTypes).toEqual(['Group']);
    expect(subs('x509Certificates').find(({ name }) => name === 'value')?.type).toBe('binary');
    const manager = user.resolve({ attribute: 'manager', subAttribute: 'value' });
    expect(manager?.subAttribute?.caseExact).toBe(true);
  });
});
