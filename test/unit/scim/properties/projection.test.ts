/** Whatever names come: what is always shown is, what is never shown is not, and the rest is as asked. */
import fc from 'fast-check';
import { type Resource, type ScimObject, type ScimValue } from '../../../../src/domain/resource';
import { standardSchemas } from '../../../../src/domain/standard-schemas';
import { Projection } from '../../../../src/scim/representation/projection';
import { represent } from '../../../../src/scim/representation/resource';

const schema = standardSchemas.get('User')!;
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

const resource: Resource = {
  id: 'u-1',
  ruleId: 'r',
  resourceType: 'User',
  generation: 3,
  createdAt: new Date(0),
  lastModified: new Date(1),
  attributes: {
    userName: 'kit',
    active: true,
    title: 'Miller',
    // Not stored by anybody; if it ever were, it must not be shown.
    password: 'secret',
    name: { givenName: 'Kit', familyName: 'Marlow' },
    emails: [
      { value: 'a@x', type: 'work', primary: true },
      { value: 'b@x', type: 'home' },
    ],
    [ENTERPRISE]: { department: 'Milling', manager: { value: 'u-2' } },
  },
};
const ALWAYS = ['schemas', 'id'];

const NAMES = [
  ...['userName', 'USERNAME', 'active', 'title', 'name', 'name.givenName', 'name.familyName'],
  ...['emails', 'emails.value', 'emails.type', 'id', 'schemas', 'meta', 'meta.version', 'groups'],
  ...[ENTERPRISE, `${ENTERPRISE}:department`, `${ENTERPRISE}:manager`, 'department', 'password'],
  ...[`${schema.core.id}:title`, `${schema.core.id}:name.givenName`, 'password.value'],
  ...['__proto__', 'constructor', 'unknown', 'emails[type eq "work"]', '', 'name.', '.name', ' '],
];
const names = fc.array(
  fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...NAMES) }, fc.string({ unit: 'binary' })),
  { maxLength: 6 },
);

function shown(attributes?: readonly string[], excluded?: readonly string[]): ScimObject {
  const projection = Projection.of(schema, attributes, excluded);
  return represent(
    { schemas: standardSchemas, schema, projection, baseUrl: 'https://usher.example/scim/v2' },
    { resource },
  );
}

/** Every value with the way to it: `emails.0.value=...`. */
function leaves(value: ScimValue, way = ''): string[] {
  if (typeof value !== 'object') return [`${way}=${String(value)}`];
  return Object.entries(value).flatMap(([name, item]) => leaves(item, `${way}.${name}`));
}

const whole = new Set(leaves(shown()));
const isAlways = (leaf: string): boolean =>
  ALWAYS.some((name) => leaf.startsWith(`.${name}.`) || leaf.startsWith(`.${name}=`));

describe('projection', () => {
  it('shows no more than the whole resource, and never a password', () => {
    expect(whole.size).toBeGreaterThan(12);
    fc.assert(
      fc.property(fc.option(names), fc.option(names), (attributes, excluded) => {
        const result = leaves(shown(attributes ?? undefined, excluded ?? undefined));
        expect(result.filter((leaf) => !whole.has(leaf))).toEqual([]);
        expect(result.join()).not.toContain('secret');
      }),
      { numRuns: 2000 },
    );
  });

  it('always shows what RFC 7643 says is always returned', () => {
    const always = [...whole].filter(isAlways);
    expect(always).toContain('.id=u-1');
    fc.assert(
      fc.property(fc.option(names), fc.option(names), (attributes, excluded) => {
        const result = leaves(shown(attributes ?? undefined, excluded ?? undefined));
        expect(result).toEqual(expect.arrayContaining(always));
      }),
      { numRuns: 500 },
    );
  });

  it('shows with `attributes` what it leaves out with `excludedAttributes`, and the other way round', () => {
    fc.assert(
      fc.property(names, (list) => {
        const included = leaves(shown(list)).filter((leaf) => !isAlways(leaf));
        const rest = leaves(shown(undefined, list)).filter((leaf) => !isAlways(leaf));
        expect(included.filter((leaf) => rest.includes(leaf))).toEqual([]);
        const both = [...included, ...rest].sort();
        expect(both).toEqual([...whole].filter((leaf) => !isAlways(leaf)).sort());
      }),
      { numRuns: 2000 },
    );
  });

  it('reaches no prototype', () => {
    shown(['__proto__', 'constructor.prototype', '__proto__.polluted'], ['toString']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
