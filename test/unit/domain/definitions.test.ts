/** Definitions from outside: every refusal with the place it is about, and what is made of what was left out. */
import {
  changesOf,
  checkDefinitions,
  type DefinitionDocuments,
  printPlace,
} from '../../../src/domain/definitions';
import { extendedTable } from '../../../src/domain/extended-table';
import { standardSchemas } from '../../../src/domain/standard-schemas';
import { CUSTOM_DEFINITIONS } from '../../support/custom-definitions';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const ACME = 'urn:example:acme:1.0:User';
const DEVICE = 'urn:example:acme:1.0:Device';

/** An extension of users that is right but for what is given. */
const extension = (schema: object, schemaExtension: object = {}): Partial<DefinitionDocuments> => ({
  schemas: [{ id: ACME, attributes: [{ name: 'badge' }], ...schema }],
  schemaExtensions: [{ resourceType: 'User', schema: ACME, ...schemaExtension }],
});
const attributes = (...list: unknown[]): Partial<DefinitionDocuments> =>
  extension({ attributes: list });
const attribute = (fields: object): Partial<DefinitionDocuments> =>
  attributes({ name: 'badge', ...fields });
const inside = (...subAttributes: object[]): Partial<DefinitionDocuments> =>
  attribute({ type: 'complex', subAttributes });
/** A resource type that is right but for what is given. */
const type = (fields: object, ...more: object[]): Partial<DefinitionDocuments> => ({
  schemas: [{ id: DEVICE, attributes: [{ name: 'serial' }] }],
  resourceTypes: [{ name: 'Device', endpoint: '/Devices', schema: DEVICE, ...fields }, ...more],
});

const NONE: DefinitionDocuments = { schemas: [], resourceTypes: [], schemaExtensions: [] };
const issuesOf = (documents: Partial<DefinitionDocuments>): readonly string[] =>
  checkDefinitions(standardSchemas, { ...NONE, ...documents }).issues.map(
    ({ path, message }) => `${printPlace(path)}: ${message}`,
  );

const named = (count: number, prefix = 'a'): object[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${prefix}${String(index)}` }));

type Row = readonly [Partial<DefinitionDocuments>, string, RegExp];
const IN = 'schemas[0].attributes[0]';

const DOCUMENTS: readonly Row[] = [
  [{ schemas: ['x'] }, 'schemas[0]', /object/],
  [{ schemas: [null] }, 'schemas[0]', /object/],
  [{ schemas: [[]] }, 'schemas[0]', /object/],
  [{ resourceTypes: [1] }, 'resourceTypes[0]', /object/],
  [{ schemaExtensions: [true] }, 'schemaExtensions[0]', /object/],
  [{ schemas: Array.from({ length: 21 }, () => ({})) }, 'schemas', /at most 20/],
  [{ resourceTypes: Array.from({ length: 21 }, () => ({})) }, 'resourceTypes', /at most 20/],
  [{ schemaExtensions: Array.from({ length: 51 }, () => ({})) }, 'schemaExtensions', /at most 50/],
];

const SCHEMAS: readonly Row[] = [
  [extension({ id: undefined }), 'schemas[0].id', /required/],
  [extension({ id: 'acme' }), 'schemas[0].id', /URN/],
  [extension({ id: 'urn:x:a b' }), 'schemas[0].id', /URN/],
  [extension({ id: `urn:example:${'a'.repeat(200)}` }), 'schemas[0].id', /at most 200/],
  [extension({ id: 7 }), 'schemas[0].id', /string/],
  [extension({ name: 'x'.repeat(65) }), 'schemas[0].name', /at most 64/],
  [extension({ description: 'a\u0000b' }), 'schemas[0].description', /control/],
  [extension({ atributes: [] }), 'schemas[0].atributes', /Known are/],
  [extension({ attributes: undefined }), 'schemas[0].attributes', /at least one/],
  [extension({ attributes: [] }), 'schemas[0].attributes', /at least one/],
  [extension({ attributes: named(201) }), 'schemas[0].attributes', /at most 200/],
  [
    extension({ id: ENTERPRISE.toUpperCase() }, { schema: ENTERPRISE }),
    'schemas[0].id and schemaExtensions[0].schema',
    /Another/,
  ],
  [
    { schemas: [{ id: ACME, attributes: [{ name: 'a' }] }] },
    'schemas[0].id',
    /No resource type uses/,
  ],
  [
    extension(
      { id: 'urn:ietf:params:scim:api:messages:2.0:Error' },
      { schema: 'urn:ietf:params:scim:api:messages:2.0:Error' },
    ),
    'schemas[0].id and schemaExtensions[0].schema',
    /RFC 7643 and 7644/,
  ],
  [
    attributes(
      { name: 'x', type: 'complex', subAttributes: named(150) },
      { name: 'y', type: 'complex', subAttributes: named(60) },
    ),
    'schemas[0].attributes',
    /sub-attributes included/,
  ],
  [
    {
      schemas: Array.from({ length: 6 }, (_, index) => ({
        id: `${ACME}${String(index)}`,
        attributes: named(200, `s${String(index)}x`),
      })),
      schemaExtensions: Array.from({ length: 6 }, (_, index) => ({
        resourceType: 'User',
        schema: `${ACME}${String(index)}`,
      })),
    },
    'schemas[5].attributes',
    /at most 1000/,
  ],
  [
    {
      schemas: [
        { id: ACME, attributes: [{ name: 'badge' }] },
        { id: `${ACME}:Badge`, attributes: [{ name: 'a' }] },
      ],
      schemaExtensions: [
        { resourceType: 'User', schema: ACME },
        { resourceType: 'User', schema: `${ACME}:Badge` },
      ],
    },
    'schemas[1].id',
    /name of an attribute/,
  ],
];

const ATTRIBUTES: readonly Row[] = [
  [attributes('badge'), IN, /object/],
  [attribute({ name: undefined }), `${IN}.name`, /required/],
  [attribute({ name: '1st' }), `${IN}.name`, /begin with a letter/],
  [attribute({ name: 'a$b' }), `${IN}.name`, /begin with a letter/],
  [attribute({ name: '$ref' }), `${IN}.name and ${IN}.type`, /sub-attribute of a reference/],
  [attribute({ name: '__proto__' }), `${IN}.name`, /begin with a letter/],
  [attribute({ name: 'Constructor' }), `${IN}.name`, /JavaScript/],
  [attribute({ name: 'then' }), `${IN}.name`, /JavaScript/],
  [attribute({ name: 'Meta' }), `${IN}.name`, /Every resource has/],
  [attributes({ name: 'a' }, { name: 'A' }), 'schemas[0].attributes[1].name', /attributes\[0\]/],
  [attribute({ typ: 'string' }), `${IN}.typ`, /Known are/],
  [attribute({ type: 'text' }), `${IN}.type`, /one of: string/],
  [attribute({ type: 'String' }), `${IN}.type`, /one of: string/],
  [attribute({ mutability: 'readwrite' }), `${IN}.mutability`, /one of/],
  [attribute({ returned: 'sometimes' }), `${IN}.returned`, /one of/],
  [attribute({ uniqueness: 'rule' }), `${IN}.uniqueness`, /one of/],
  [attribute({ multiValued: 'true' }), `${IN}.multiValued`, /true or false/],
  [attribute({ required: 1 }), `${IN}.required`, /true or false/],
  [attribute({ caseExact: 'no' }), `${IN}.caseExact`, /true or false/],
  [attribute({ description: 5 }), `${IN}.description`, /string/],
  [attribute({ canonicalValues: 'a' }), `${IN}.canonicalValues`, /list/],
  [attribute({ canonicalValues: ['a', 'a'] }), `${IN}.canonicalValues`, /each once/],
  [attribute({ canonicalValues: [''] }), `${IN}.canonicalValues`, /1 to 256/],
  [attribute({ type: 'integer', canonicalValues: ['1'] }), `${IN}.canonicalValues`, /Only strings/],
  [attribute({ type: 'reference' }), `${IN}.referenceTypes`, /what it refers to/],
  [attribute({ referenceTypes: ['User'] }), `${IN}.referenceTypes`, /Only references/],
  [attribute({ type: 'complex' }), `${IN}.subAttributes`, /at least one/],
  [attribute({ subAttributes: [{ name: 'a' }] }), `${IN}.subAttributes`, /Only complex/],
  [inside({ name: 'b', type: 'complex' }), `${IN}.subAttributes[0].type`, /8415/],
  [inside({ name: '$ref' }), `${IN}.subAttributes[0].type`, /is a reference/],
  [inside({ name: 'a' }, { name: 'A' }), `${IN}.subAttributes[1].name`, /subAttributes\[0\]/],
  [inside({ name: 'a', uniqueness: 'server' }), `${IN}.subAttributes[0].uniqueness`, /no sub-attr/],
  [
    attribute({ type: 'complex', uniqueness: 'server', subAttributes: [{ name: 'a' }] }),
    `${IN}.uniqueness`,
    /6004/,
  ],
  [attribute({ multiValued: true, uniqueness: 'server' }), `${IN}.uniqueness`, /one value/],
  [attribute({ type: 'boolean', uniqueness: 'global' }), `${IN}.uniqueness`, /Only strings/],
  [attribute({ returned: 'never', uniqueness: 'server' }), `${IN}.uniqueness`, /not stored/],
  [attribute({ mutability: 'writeOnly', returned: 'default' }), `${IN}.returned`, /"never"/],
  [attribute({ mutability: 'immutable', returned: 'never' }), `${IN}.mutability`, /immutable/],
  [attribute({ returned: 'never', required: true }), `${IN}.required`, /not stored/],
  [attribute({ mutability: 'readOnly', required: true }), `${IN}.required`, /readOnly/],
  [
    inside({ name: '$ref', type: 'reference', referenceTypes: ['User'] }),
    `${IN}.subAttributes[0].name`,
    /"value", which is missing/,
  ],
  [
    inside({ name: 'value' }, { name: '$ref', type: 'reference', referenceTypes: ['Robot'] }),
    `${IN}.subAttributes[1].referenceTypes`,
    /one of User, Group/,
  ],
];

const TYPES: readonly Row[] = [
  [type({ name: undefined }), 'resourceTypes[0].name', /required/],
  [type({ name: '7' }), 'resourceTypes[0].name', /begin with a letter/],
  [type({ name: 'group' }), 'resourceTypes[0].name', /already/],
  [type({ name: 'ResourceType' }), 'resourceTypes[0].name', /already/],
  [type({ id: 'device' }), 'resourceTypes[0].id', /"Device"/],
  [type({ endpoint: undefined }), 'resourceTypes[0].endpoint', /required/],
  [type({ endpoint: 'Devices' }), 'resourceTypes[0].endpoint', /slash/],
  [type({ endpoint: '/a/b' }), 'resourceTypes[0].endpoint', /slash/],
  [type({ endpoint: '/bulk' }), 'resourceTypes[0].endpoint', /in use/],
  [type({ endpoint: '/USERS' }), 'resourceTypes[0].endpoint', /in use/],
  [type({ schemata: 1 }), 'resourceTypes[0].schemata', /Known are/],
  [type({ schemaExtensions: {} }), 'resourceTypes[0].schemaExtensions', /list/],
  [type({ schemaExtensions: [1] }), 'resourceTypes[0].schemaExtensions[0]', /object/],
  [
    type({ schemaExtensions: [{ schema: ENTERPRISE, needed: true }] }),
    'resourceTypes[0].schemaExtensions[0].needed',
    /Known are/,
  ],
  [
    type({ schemaExtensions: [{ schema: ENTERPRISE, required: 'no' }] }),
    'resourceTypes[0].schemaExtensions[0].required',
    /true or false/,
  ],
  [
    type({ schemaExtensions: [{ schema: DEVICE }] }),
    'resourceTypes[0].schemaExtensions[0].schema',
    /already/,
  ],
  [
    type({ schemaExtensions: [{ schema: ACME }] }),
    'resourceTypes[0].schemaExtensions[0].schema',
    /no schema/,
  ],
  [
    type({}, { name: 'DEVICE', endpoint: '/Others', schema: DEVICE }),
    'resourceTypes[1].name',
    /already/,
  ],
  [
    type({}, { name: 'Other', endpoint: '/devices', schema: DEVICE }),
    'resourceTypes[1].endpoint',
    /in use/,
  ],
  [
    type({}, { name: 'Other', endpoint: '/Others', schema: ACME }),
    'resourceTypes[1].schema',
    /no schema/,
  ],
  [
    type(
      {},
      {
        name: 'Other',
        endpoint: '/Others',
        schema: 'urn:ietf:params:scim:schemas:core:2.0:Schema',
      },
    ),
    'resourceTypes[1].schema',
    /describes the service/,
  ],
];

const EXTENSIONS: readonly Row[] = [
  [extension({}, { resourceType: undefined }), 'schemaExtensions[0].resourceType', /required/],
  [extension({}, { resourceType: 'Device' }), 'schemaExtensions[0].resourceType', /User, Group/],
  [extension({}, { schema: 'acme' }), 'schemaExtensions[0].schema', /URN/],
  [extension({}, { required: 'yes' }), 'schemaExtensions[0].required', /true or false/],
  [extension({}, { optional: true }), 'schemaExtensions[0].optional', /Known are/],
  [
    { schemaExtensions: [{ resourceType: 'User', schema: ACME }] },
    'schemaExtensions[0].schema',
    /no schema/,
  ],
  [
    { schemaExtensions: [{ resourceType: 'User', schema: ENTERPRISE }] },
    'schemaExtensions[0].schema',
    /already/,
  ],
  [
    {
      schemaExtensions: [
        { resourceType: 'Group', schema: 'urn:ietf:params:scim:schemas:core:2.0:Schema' },
      ],
    },
    'schemaExtensions[0].schema',
    /describes the service/,
  ],
];

describe.each([
  ['documents', DOCUMENTS],
  ['schemas', SCHEMAS],
  ['attributes', ATTRIBUTES],
  ['resource types', TYPES],
  ['extensions', EXTENSIONS],
])('%s are refused where they are wrong', (_, rows) => {
  test.each(
    rows.map(
      ([documents, place, message]) => [place, message, documents] as [string, RegExp, typeof NONE],
    ),
  )('%s %s', (place, message, documents) => {
    const issues = issuesOf(documents);
    expect(issues.map((one) => one.slice(0, one.indexOf(': '))).join(' and ')).toBe(place);
    expect(issues[0]).toMatch(message);
  });
});

test('the documents that the refusals are made of are right', () => {
  for (const documents of [extension({}), type({}), inside({ name: 'a' }), CUSTOM_DEFINITIONS]) {
    expect(issuesOf(documents)).toEqual([]);
  }
});

test('all that is wrong is told at once', () => {
  const issues = issuesOf({
    ...attributes({ name: 'a', type: 'text' }, { name: 'id', required: 0 }),
    resourceTypes: [{ name: 'Device' }],
  });
  expect(issues.map((one) => one.slice(0, one.indexOf(': ')))).toEqual([
    'schemas[0].attributes[0].type',
    'schemas[0].attributes[1].name',
    'schemas[0].attributes[1].required',
    'resourceTypes[0].endpoint',
    'resourceTypes[0].schema',
  ]);
});

test('what is left out is filled in, and names are those of the definition', () => {
  const { definitions, issues } = checkDefinitions(standardSchemas, {
    ...NONE,
    ...extension({ attributes: [{ name: 'badge' }, { name: 'file', type: 'binary' }] }),
    schemaExtensions: [{ resourceType: 'user', schema: ACME.toUpperCase() }],
  });
  expect(issues).toEqual([]);
  expect(definitions.schemaExtensions).toEqual([
    { resourceType: 'User', schema: ACME, required: false },
  ]);
  expect(definitions.schemas[0]).toEqual({
    id: ACME,
    name: 'User',
    description: '',
    attributes: [
      {
        name: 'badge',
        type: 'string',
        multiValued: false,
        description: '',
        required: false,
        caseExact: false,
        mutability: 'readWrite',
        returned: 'default',
        uniqueness: 'none',
      },
      expect.objectContaining({ name: 'file', type: 'binary', caseExact: true }),
    ],
  });
});

test('what was checked once is right a second time', () => {
  const { definitions } = checkDefinitions(standardSchemas, CUSTOM_DEFINITIONS);
  expect(checkDefinitions(standardSchemas, definitions)).toEqual({ definitions, issues: [] });
});

describe('changes', () => {
  const table = (documents: Partial<DefinitionDocuments>) => {
    const { definitions } = checkDefinitions(standardSchemas, { ...NONE, ...documents });
    return extendedTable(standardSchemas, definitions);
  };
  const sub = (fields: object): Partial<DefinitionDocuments> => inside({ name: 'a', ...fields });

  test.each<[object, object, string[]]>([
    [{}, { type: 'integer' }, ['badge type']],
    [{}, { multiValued: true }, ['badge multiValued']],
    [{}, { caseExact: true }, ['badge caseExact']],
    [{}, { uniqueness: 'server' }, ['badge uniqueness']],
    [{ uniqueness: 'server' }, { uniqueness: 'global' }, []],
    [{}, { returned: 'never' }, ['badge returned']],
    [{}, { returned: 'always', required: true, description: 'x', mutability: 'immutable' }, []],
  ])('%j to %j', (before, after, redefined) => {
    const changes = changesOf(table(attribute(before)), table(attribute(after)));
    expect(changes.redefined.map((one) => `${one.attribute} ${one.characteristic}`)).toEqual(
      redefined,
    );
    expect(changes.added).toEqual([]);
  });

  test('of a sub-attribute, and what is new', () => {
    const { redefined } = changesOf(table(sub({})), table(sub({ type: 'boolean' })));
    expect(redefined).toEqual([{ schema: ACME, attribute: 'badge.a', characteristic: 'type' }]);
    const { added } = changesOf(standardSchemas, table(CUSTOM_DEFINITIONS));
    expect(added.map(({ schema, places }) => [schema.type.name, places.length])).toEqual([
      ['User', 13],
      ['Device', 7],
    ]);
    const more = changesOf(table(sub({})), table(inside({ name: 'a' }, { name: 'b' })));
    expect(more.redefined).toEqual([]);
    expect(more.added[0]?.places).toMatchObject([
      { extension: ACME, attribute: { name: 'badge' } },
    ]);
  });
});
