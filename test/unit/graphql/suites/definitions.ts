/** Schemas, resource types and the profile of a sync rule: made, changed and refused. */
import { RuleSchemas } from '../../../../src/domain/rule-schemas';
import { standardSchemas } from '../../../../src/domain/standard-schemas';
import { parseNodeId } from '../../../../src/graphql/node-id';
import { createTarget, Gateway, type OpenWorld } from '../gateway';

const ACME = 'urn:ietf:params:scim:schemas:extension:acme:2.0:User';
const FIELDS = `syncRule {
  id version scimProfile
  schemas { id name attributes { name type caseExact uniqueness subAttributes { name type } } }
  resourceTypes { name endpoint schema schemaExtensions { schema required } }
  schemaExtensions { resourceType schema required }
} userErrors { code message field }`;

const extension = (...attributes: object[]) => ({
  schemas: [{ id: ACME, attributes }],
  schemaExtensions: [{ resourceType: 'user', schema: ACME.toUpperCase() }],
});

export function definitionSuite(openWorld: OpenWorld): void {
  describe('definitions', () => {
    let gateway: Gateway;
    let targetId: string;
    let serial = 0;
    beforeAll(async () => {
      gateway = await Gateway.open(openWorld);
      targetId = await createTarget(gateway, 'Directory');
    });
    afterAll(() => gateway.close());

    const create = async (more: object) => {
      const input = { name: `Rule ${String((serial += 1))}`, syncAs: [{ targetId }], ...more };
      const query = `mutation ($input: SyncRuleCreateInput!) { syncRuleCreate(input: $input) { ${FIELDS} } }`;
      return (await gateway.data(query, { input })).syncRuleCreate;
    };
    const update = async (id: string, input: object) => {
      const query = `mutation ($id: ID!, $input: SyncRuleUpdateInput!) { syncRuleUpdate(id: $id, input: $input) { ${FIELDS} } }`;
      return (await gateway.data(query, { id, input })).syncRuleUpdate;
    };

    it('are there with every default, and with canonical names', async () => {
      const { syncRule, userErrors } = await create({
        scimProfile: 'STRICT',
        ...extension({ name: 'badge', uniqueness: 'SERVER' }, { name: 'file', type: 'BINARY' }),
      });
      expect(userErrors).toEqual([]);
      expect(syncRule).toMatchObject({
        scimProfile: 'STRICT',
        schemas: [
          {
            id: ACME,
            name: 'User',
            attributes: [
              { name: 'badge', type: 'STRING', caseExact: false, uniqueness: 'SERVER' },
              { name: 'file', type: 'BINARY', caseExact: true, uniqueness: 'NONE' },
            ],
          },
        ],
        resourceTypes: [],
        schemaExtensions: [{ resourceType: 'User', schema: ACME, required: false }],
      });
    });

    it.each<[object, string[]]>([
      [
        extension({
          name: 'a',
          type: 'COMPLEX',
          subAttributes: [{ name: 'b', type: 'COMPLEX' }],
        }),
        ['schemas', '0', 'attributes', '0', 'subAttributes', '0', 'type'],
      ],
      [extension({ name: '__proto__' }), ['schemas', '0', 'attributes', '0', 'name']],
      [extension({ name: 'Constructor' }), ['schemas', '0', 'attributes', '0', 'name']],
      [extension({ name: 'meta' }), ['schemas', '0', 'attributes', '0', 'name']],
      [extension({ name: 'a' }, { name: 'A' }), ['schemas', '0', 'attributes', '1', 'name']],
      [
        extension({ name: 'a', returned: 'NEVER', required: true }),
        ['schemas', '0', 'attributes', '0', 'required'],
      ],
      [
        extension({ name: 'a', multiValued: true, uniqueness: 'SERVER' }),
        ['schemas', '0', 'attributes', '0', 'uniqueness'],
      ],
      [{ schemas: [{ id: 'acme', attributes: [{ name: 'a' }] }] }, ['schemas', '0', 'id']],
      [{ schemas: [{ id: ACME, attributes: [{ name: 'a' }] }] }, ['schemas', '0', 'id']],
      [
        { schemaExtensions: [{ resourceType: 'User', schema: ACME }] },
        ['schemaExtensions', '0', 'schema'],
      ],
      [
        {
          resourceTypes: [
            {
              name: 'Device',
              endpoint: '/bulk',
              schema: 'urn:ietf:params:scim:schemas:core:2.0:User',
            },
          ],
        },
        ['resourceTypes', '0', 'endpoint'],
      ],
    ])('refuse %j', async (input, field) => {
      const { syncRule, userErrors } = await create(input);
      expect(syncRule).toBeNull();
      expect(userErrors).toMatchObject([{ code: 'INVALID', field }]);
    });

    it('change as a whole, and only what is given', async () => {
      const { id } = (await create(extension({ name: 'badge' }))).syncRule;
      const renamed = await update(id, {
        name: `Renamed ${String(serial)}`,
        scimProfile: 'STRICT',
      });
      expect(renamed.userErrors).toEqual([]);
      expect(renamed.syncRule).toMatchObject({ version: 2, scimProfile: 'STRICT' });
      expect(renamed.syncRule.schemas).toHaveLength(1);
      const emptied = await update(id, { schemas: [], schemaExtensions: [] });
      expect(emptied.syncRule).toMatchObject({ version: 3, schemas: [], scimProfile: 'STRICT' });
      expect((await update(id, { name: ' ' })).userErrors).toMatchObject([{ field: ['name'] }]);
    });

    it('do not redefine what values are stored by', async () => {
      const { id } = (await create(extension({ name: 'badge' }))).syncRule;
      const changed = await update(id, extension({ name: 'badge', uniqueness: 'SERVER' }));
      expect(changed.userErrors).toMatchObject([
        { code: 'IMMUTABLE', field: ['schemas', '0', 'attributes', '0', 'uniqueness'] },
      ]);
    });
  });
}

/** Only a real store can have values from an earlier time. */
export function storedValueSuite(openWorld: OpenWorld): void {
  it('a definition comes back only as its values were stored', async () => {
    const gateway = await Gateway.open(openWorld);
    const { world, administration } = gateway;
    const target = await createTarget(gateway, 'Directory');
    const made = await administration.syncRules.create({
      name: 'Comes back',
      enabled: true,
      syncAs: [
        {
          targetId: parseNodeId(target)?.key ?? '',
          onDeactivate: 'DISABLE',
          onDelete: 'DELETE',
          correlation: { attributes: [], policy: 'FAIL' },
        },
      ],
      ...extension({ name: 'badge' }),
    });
    const rule = made.value?.rule;
    if (rule === undefined) throw new Error(JSON.stringify(made.issues));
    const schema = new RuleSchemas(standardSchemas).of(rule).get('User')!;
    const attributes = { userName: 'ada', [ACME]: { badge: 'B-1' } };
    await world.resources.insert({ ruleId: rule.id, resourceType: 'User', attributes }, schema);
    await administration.syncRules.update(rule.id, { schemas: [], schemaExtensions: [] });
    const other = await administration.syncRules.update(
      rule.id,
      extension({ name: 'badge', uniqueness: 'server' }),
    );
    expect(other.issues).toMatchObject([{ code: 'CONFLICT', path: ['schemas'] }]);
    expect(other.issues?.[0]?.message).toContain('1 resources of type User');
    const same = await administration.syncRules.update(rule.id, extension({ name: 'badge' }));
    expect(same.issues).toBeUndefined();
    await gateway.close();
  }, 30_000);
}
