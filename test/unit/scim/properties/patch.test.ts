/** Whatever operations come: a resource of the schema or a DomainError, all of them or none, and no prototype is reached. */
import fc from 'fast-check';
import { DomainError } from '../../../../src/domain/error';
import { Provisioning } from '../../../../src/domain/provisioning';
import { type Resource } from '../../../../src/domain/resource';
import { standardSchemas } from '../../../../src/domain/standard-schemas';
import { RULE_DEFAULTS } from '../../../../src/domain/sync-rule';
import { coerceResource, profiles } from '../../../../src/domain/validation';
import { parsePatch, patchModification } from '../../../../src/scim/patch';
import { MemoryResourceStore } from '../../../support/memory-resource-store';

const schema = standardSchemas.get('User')!;
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

const NAMES = [
  ...['userName', 'active', 'title', 'name', 'name.givenName', 'emails', 'emails.value', 'id'],
  ...['emails[type eq "work"]', 'emails[type eq "work"].value', 'roles[primary eq true]', 'meta'],
  ...['emails[value co "a"].primary', 'emails[not (type pr)]', `${ENTERPRISE}:manager`, ENTERPRISE],
  ...['password', 'groups', 'schemas', 'x509Certificates', 'addresses', 'emails[', 'unknown', ''],
  ...['__proto__', 'constructor', 'prototype', '__proto__.polluted', 'name.__proto__', 'toString'],
];
const name = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...NAMES) }, fc.string());
const KEYS = [...NAMES, 'value', 'type', 'primary', 'givenName', '$ref', 'display'];
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<unknown>('a@x', 'work', 'True', true, false, null, '', ' ', 5, '\0', '\ud800'),
    fc.string({ unit: 'binary' }),
    fc.array(tie('any'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.constantFrom(...KEYS), tie('any')), { maxLength: 4 })
      // As JSON.parse makes it: "__proto__" is a name like any other.
      .map((entries) => Object.fromEntries(entries)),
  ),
})).any;
const operation = fc.record(
  { op: fc.constantFrom('add', 'replace', 'remove', 'Add', 'move'), path: name, value },
  { requiredKeys: ['op'] },
);
const messages = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];

function world(profile: keyof typeof profiles) {
  const store = new MemoryResourceStore();
  const provisioning = new Provisioning({ store, changes: { resourceChanged: () => undefined } });
  const scope = {
    ruleId: 'r',
    resourceType: 'User',
    schema,
    profile: profiles[profile],
    roles: RULE_DEFAULTS,
  };
  const patch = (id: string, Operations: unknown): Promise<Resource> => {
    const operations = parsePatch({ schemas: messages, Operations }, scope.profile);
    return provisioning.modify(scope, id, patchModification(scope, operations));
  };
  const create = (): Promise<Resource> =>
    provisioning.create(scope, {
      schemas: [schema.core.id],
      userName: 'kit',
      active: false,
      name: { givenName: 'Kit' },
      emails: [
        { value: 'a@x', type: 'work', primary: true },
        { value: 'b@x', type: 'home' },
      ],
    });
  return { create, patch, get: (id: string) => provisioning.get(scope, id) };
}

/** The error, which must be one a client can mend; undefined: there was none. */
async function refusal(work: () => Promise<unknown>): Promise<DomainError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

describe.each(['tolerant', 'strict'] as const)('PATCH, %s', (profile) => {
  test('takes effect as a whole or not at all, and leaves a resource of the schema', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 6 }), async (operations) => {
        const { create, patch, get } = world(profile);
        const before = await create();
        const error = await refusal(() => patch(before.id, operations));
        const after = await get(before.id);
        if (error !== undefined) expect(after).toEqual(before);
        // What is stored is canonical: read again, it says the same.
        const schemas = [
          schema.core.id,
          ...Object.keys(after.attributes).filter((key) => key.startsWith('urn:')),
        ];
        const again = coerceResource(schema, { schemas, ...after.attributes }, profiles[profile]);
        expect(again.attributes).toEqual(after.attributes);
        expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
        expect(Object.getPrototypeOf(after.attributes)).toBe(Object.prototype);
      }),
      { numRuns: 1000 },
    );
  });

  test('does in one request what the same operations do one by one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 5 }), async (operations) => {
        const [together, oneByOne] = [world(profile), world(profile)];
        const [first, second] = [await together.create(), await oneByOne.create()];
        for (const one of operations) {
          // Several may do together what one may not: remove a required value and set it again.
          if ((await refusal(() => oneByOne.patch(second.id, [one]))) !== undefined) return;
        }
        await together.patch(first.id, operations);
        const [left, right] = [await together.get(first.id), await oneByOne.get(second.id)];
        expect(left.attributes).toEqual(right.attributes);
      }),
      { numRuns: 500 },
    );
  });
});
