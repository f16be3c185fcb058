/** Lists: pages, cursors, filters, references, and what they cost. */
import { standardSchemas } from '../../../../src/domain/standard-schemas';
import { type Binding, type BindingState } from '../../../../src/domain/binding';
import { GROUP, type Resource, type ScimObject, USER } from '../../../../src/domain/resource';
import { parseNodeId, toNodeId } from '../../../../src/graphql/node-id';
import { createRule, createTarget, Gateway, type OpenWorld } from '../gateway';

const USERS = 125;

const USERS_PAGE = `query ($first: Int, $after: String, $ruleId: ID) {
  users(first: $first, after: $after, ruleId: $ruleId) {
    edges { cursor node { id } }
    nodes { userName }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

interface Node {
  readonly id: string;
}

function schemaOf(resourceType: string) {
  const schema = standardSchemas.get(resourceType);
  if (!schema) throw new Error(`No resource type ${resourceType}`);
  return schema;
}

export function listSuite(openWorld: OpenWorld): void {
  describe('lists', () => {
    let gateway: Gateway;
    let targetIds: readonly string[];
    let ruleIds: readonly string[];
    let users: readonly Resource[];
    let groups: readonly Resource[];

    beforeAll(async () => {
      gateway = await Gateway.open(openWorld);
      targetIds = [await createTarget(gateway, 'North'), await createTarget(gateway, 'South')];
      ruleIds = [
        (await createRule(gateway, 'Corporate', targetIds)).id,
        (await createRule(gateway, 'Partners', targetIds.slice(0, 1))).id,
      ];
      users = await inserted(USERS, 0, USER, (number) => ({
        userName: `User.${String(number).padStart(3, '0')}`,
        displayName: `Person ${String(number)}`,
        externalId: `ext-${String(number)}`,
        active: number % 5 !== 0,
        emails: [{ value: `person${String(number)}@mail.example`, type: 'work' }],
      }));
      await inserted(3, 1, USER, (number) => ({ userName: `partner${String(number)}` }));
      groups = await inserted(4, 0, GROUP, (number) => ({ displayName: `Team ${String(number)}` }));
      for (const user of users) bind(user, ruleIds[0], targetIds[0], 'SYNCED');
      for (const user of users.slice(0, 7)) bind(user, ruleIds[0], targetIds[1], 'PARKED');
    });
    afterAll(() => gateway.close());

    const key = (id: string | undefined): string => parseNodeId(id ?? '')?.key ?? '';

    async function inserted(
      count: number,
      rule: number,
      resourceType: string,
      attributes: (number: number) => ScimObject,
    ): Promise<readonly Resource[]> {
      const made: Resource[] = [];
      for (let number = 0; number < count; number += 1) {
        const members = resourceType === GROUP ? users.slice(0, 30).map(({ id }) => id) : [];
        made.push(
          await gateway.world.resources.insert(
            {
              ruleId: key(ruleIds[rule]),
              resourceType,
              attributes: attributes(number),
              ...(members.length > 0 ? { members } : {}),
            },
            schemaOf(resourceType),
          ),
        );
      }
      return made;
    }

    function bind(
      resource: Resource,
      ruleId: string | undefined,
      targetId: string | undefined,
      state: BindingState,
    ): Binding {
      const parked: Partial<Binding> = {
        lastError: { kind: 'conflict', message: 'uid is taken', attribute: 'uid', at: new Date() },
        attempts: 4,
      };
      return gateway.world.bindings.put({
        id: `${key(targetId)}:${resource.id}`,
        ruleId: key(ruleId),
        targetId: key(targetId),
        resourceId: resource.id,
        resourceType: resource.resourceType,
        state,
        generation: 1,
        observedGeneration: 1,
        attempts: 0,
        ...(state === 'PARKED' ? parked : {}),
      });
    }

    it('are paged forwards through more than 100 items, each exactly once', async () => {
      const ruleId = ruleIds[0];
      const seen: string[] = [];
      const sizes: number[] = [];
      let after: string | undefined;
      let more = true;
      while (more) {
        const { users: page } = await gateway.data(USERS_PAGE, { first: 50, after, ruleId });
        sizes.push(page.nodes.length);
        seen.push(...page.edges.map((edge: { node: Node }) => edge.node.id));
        expect(page.pageInfo.hasPreviousPage).toBe(after !== undefined);
        expect(page.pageInfo.startCursor).toBe(page.edges[0].cursor);
        expect(page.pageInfo.endCursor).toBe(page.edges.at(-1).cursor);
        after = page.pageInfo.endCursor;
        more = page.pageInfo.hasNextPage;
      }
      expect(sizes).toEqual([50, 50, 25]);
      expect(new Set(seen)).toEqual(new Set(users.map((user) => toNodeId('User', user.id))));
      expect(seen).toHaveLength(USERS);
    });

    it('keep their cursors when the list changes, and from request to request', async () => {
      const first = (await gateway.data(USERS_PAGE, { first: 10 })).users;
      const again = (await gateway.data(USERS_PAGE, { first: 10 })).users;
      expect(again).toEqual(first);
      const after = first.edges[4].cursor;
      const rest = (await gateway.data(USERS_PAGE, { first: 5, after })).users;
      expect(rest.nodes).toEqual(first.nodes.slice(5));
    });

    it('have 20 items when nothing is said, or null', async () => {
      expect((await gateway.data('{ users { nodes { id } } }')).users.nodes).toHaveLength(20);
      expect((await gateway.data(USERS_PAGE, { first: null })).users.nodes).toHaveLength(20);
    });

    it.each([0, -5, 101])('refuse first: %d', async (first) => {
      const answer = await gateway.query(USERS_PAGE, { first });
      expect(answer.errors[0]?.extensions['code']).toBe('BAD_USER_INPUT');
      expect(answer.errors[0]?.message).toContain('1 to 100');
    });

    it('refuse cursors that are not theirs', async () => {
      const { pageInfo } = (await gateway.data(USERS_PAGE, { first: 5 })).users;
      const raw = Buffer.from('v0:x:y', 'utf8').toString('base64url');
      const wrong = [
        ['users(ruleId: $ruleId, after: $after)', pageInfo.endCursor],
        ['users(search: "u", after: $after)', pageInfo.endCursor],
        ['groups(after: $after)', pageInfo.endCursor],
        ['users(after: $after)', 'garbage'],
        ['users(after: $after)', ''],
        ['users(after: $after)', raw],
      ];
      for (const [field, after] of wrong) {
        const declared = field?.includes('$ruleId') ? ', $ruleId: ID' : '';
        const answer = await gateway.query(
          `query ($after: String${declared}) { ${field} { nodes { id } } }`,
          { after, ...(declared ? { ruleId: ruleIds[0] } : {}) },
        );
        expect([field, after, answer.errors[0]?.extensions['code']]).toEqual([
          field,
          after,
          'BAD_USER_INPUT',
        ]);
      }
    });

    it('count only when asked to', async () => {
      gateway.calls.clear();
      await gateway.data('{ users { nodes { id } } syncRules { nodes { id } } }');
      expect(gateway.callsOf('resources.count') + gateway.callsOf('syncRules.count')).toBe(0);
      const { users: counted } = await gateway.data('{ users(first: 1) { totalCount } }');
      expect(counted.totalCount).toBe(USERS + 3);
      expect(gateway.callsOf('resources.count')).toBe(1);
    });

    it('are filtered and searched', async () => {
      const names = async (list: string): Promise<readonly string[]> => {
        const data = await gateway.data(`{ ${list} { nodes { name } totalCount } }`);
        const [page] = Object.values(data as Record<string, { nodes: { name: string }[] }>);
        return page?.nodes.map((node) => node.name) ?? [];
      };
      expect(await names('targets(filter: {search: "so"})')).toEqual(['South']);
      expect(await names('targets(filter: {connector: {eq: "fax"}})')).toEqual([]);
      expect(await names('syncRules(filter: {search: "PART", enabled: {eq: true}})')).toEqual([
        'Partners',
      ]);
      expect(await names('syncRules(filter: {enabled: {eq: false}})')).toEqual([]);
      const { users: inactive } = await gateway.data(
        'query ($ruleId: ID) { users(ruleId: $ruleId, filter: {active: {eq: false}}) { totalCount } }',
        { ruleId: ruleIds[0] },
      );
      expect(inactive.totalCount).toBe(USERS / 5);
      const { users: found } = await gateway.data(
        '{ users(search: "user.01", orderBy: {field: CREATED_AT}) { nodes { userName } } }',
      );
      expect(found.nodes).toHaveLength(10);
      const { groups: teams } = await gateway.data(
        '{ groups(search: "team 2") { nodes { displayName } } }',
      );
      expect(teams.nodes).toEqual([{ displayName: 'Team 2' }]);
    });

    it('of bindings are filtered by rule, target and states', async () => {
      const count = async (filter: object): Promise<number> =>
        (
          await gateway.data(
            `query ($ruleId: ID, $targetId: ID, $states: [BindingState!]) {
               bindings(ruleId: $ruleId, targetId: $targetId, states: $states) { totalCount }
             }`,
            { ...filter },
          )
        ).bindings.totalCount as number;
      expect(await count({})).toBe(USERS + 7);
      expect(await count({ targetId: targetIds[1] })).toBe(7);
      expect(await count({ states: ['PARKED', 'RETRYING'] })).toBe(7);
      expect(await count({ ruleId: ruleIds[1] })).toBe(0);
      expect(await count({ targetId: targetIds[0], states: ['PARKED'] })).toBe(0);
    });

    it('refuse ids of another type as a condition, instead of being empty', async () => {
      for (const list of ['users(ruleId: $id)', 'groups(ruleId: $id)', 'bindings(targetId: $id)']) {
        const id = toNodeId('ApiKey', 'x');
        const answer = await gateway.query(`query ($id: ID) { ${list} { totalCount } }`, { id });
        expect([list, answer.errors[0]?.extensions['code']]).toEqual([list, 'BAD_USER_INPUT']);
      }
    });

    it('show users with everything that belongs to them', async () => {
      const [first] = users;
      const { user } = await gateway.data(
        `query ($id: ID!) { user(id: $id) {
           id userName displayName externalId active scim generation createdAt lastModified deletedAt
           syncRule { name }
           groups(first: 3) { totalCount nodes { displayName } pageInfo { hasNextPage } }
           bindings {
             state attempts name reference lastError { kind message attribute at }
             target { name } syncRule { name } resource { ... on User { userName } }
           }
         } }`,
        { id: toNodeId('User', first?.id ?? '') },
      );
      expect(user).toMatchObject({
        userName: 'User.000',
        displayName: 'Person 0',
        externalId: 'ext-0',
        active: false,
        deletedAt: null,
        syncRule: { name: 'Corporate' },
        groups: { totalCount: 4, pageInfo: { hasNextPage: true } },
      });
      expect(user.scim.emails[0].value).toBe('person0@mail.example');
      expect(user.bindings).toHaveLength(2);
      expect(user.bindings).toContainEqual(
        expect.objectContaining({
          state: 'PARKED',
          attempts: 4,
          lastError: expect.objectContaining({ kind: 'conflict', message: 'uid is taken' }),
          target: { name: 'South' },
          syncRule: { name: 'Corporate' },
          resource: { userName: 'User.000' },
        }),
      );
    });

    it('never show a password that a resource was sent with', async () => {
      const resource = await gateway.world.resources.insert(
        {
          ruleId: key(ruleIds[1]),
          resourceType: USER,
          attributes: { userName: 'with.password', password: 'Tr0ub4dor' },
        },
        schemaOf(USER),
      );
      const answer = await gateway.query('query ($id: ID!) { user(id: $id) { userName scim } }', {
        id: toNodeId('User', resource.id),
      });
      expect(answer.data.user.userName).toBe('with.password');
      expect(answer.text).not.toContain('Tr0ub4dor');
      await gateway.world.resources.remove(resource, resource.id);
    });

    it('page through the members of a group', async () => {
      const id = toNodeId('Group', groups[0]?.id ?? '');
      const seen: string[] = [];
      let after: string | null = null;
      do {
        const { group } = await gateway.data(
          `query ($id: ID!, $after: String) { group(id: $id) { members(first: 12, after: $after) {
             nodes { __typename ... on User { userName } } pageInfo { hasNextPage endCursor }
           } } }`,
          { id, after },
        );
        seen.push(...group.members.nodes.map((node: { userName: string }) => node.userName));
        const { hasNextPage, endCursor } = group.members.pageInfo;
        after = hasNextPage ? (endCursor as string) : null;
      } while (after !== null);
      expect([...seen].sort()).toEqual(
        users.slice(0, 30).map((user) => user.attributes['userName']),
      );
    });

    it('find the groups of a member', async () => {
      const member = toNodeId('User', users[3]?.id ?? '');
      const query = `query ($member: ID!) {
        groups(first: 2, search: "team", filter: {member: {eq: $member}}) {
          totalCount nodes { displayName }
        }
      }`;
      const { groups: found } = await gateway.data(query, { member });
      expect(found.totalCount).toBe(4);
      expect(found.nodes).toHaveLength(2);
      const outsider = toNodeId('User', users[40]?.id ?? '');
      expect((await gateway.data(query, { member: outsider })).groups.totalCount).toBe(0);
      const wrong = await gateway.query(query, { member: targetIds[0] });
      expect(wrong.errors[0]?.extensions['code']).toBe('BAD_USER_INPUT');
    });

    it('count the bindings of a rule by state, and only the states that are read', async () => {
      gateway.calls.clear();
      const { syncRule } = await gateway.data(
        'query ($id: ID!) { syncRule(id: $id) { bindingCounts { total parked retrying } } }',
        { id: ruleIds[0] },
      );
      expect(syncRule.bindingCounts).toEqual({ total: USERS + 7, parked: 7, retrying: 0 });
      expect(gateway.callsOf('bindings.count')).toBe(3);
    });

    it('cost as many queries for 100 items as for one', async () => {
      const query = `query ($first: Int) {
        users(first: $first) { nodes {
          userName
          syncRule { name syncAs { target { name } } }
          bindings { state target { name } syncRule { name } resource { ... on User { userName } } }
          groups(first: 1) { totalCount nodes { displayName } }
        } }
      }`;
      const costs: Record<string, number>[] = [];
      for (const first of [1, 100]) {
        gateway.calls.clear();
        await gateway.data(query, { first });
        costs.push(Object.fromEntries(gateway.calls));
      }
      expect(costs[1]).toEqual(costs[0]);
      expect(costs[1]).toEqual({
        'resources.list': 1,
        'syncRules.findAll': 1,
        'bindings.ofResources': 1,
        'resources.groupsOf': 1,
        'targets.findAll': 1,
        'resources.findAll': 1,
      });
    });

    it('are reached by node, from every type', async () => {
      const [{ id: bindingKey } = { id: '' }] = (await gateway.world.bindings.list({ limit: 1 }))
        .items;
      const ids = {
        SyncRule: ruleIds[0],
        Target: targetIds[0],
        User: toNodeId('User', users[0]?.id ?? ''),
        Group: toNodeId('Group', groups[0]?.id ?? ''),
        Binding: toNodeId('Binding', bindingKey),
        ApiKey: toNodeId('ApiKey', gateway.keys.AUDITOR.id),
      };
      for (const [type, id] of Object.entries(ids)) {
        const { node } = await gateway.data(
          'query ($id: ID!) { node(id: $id) { __typename id } }',
          { id },
        );
        expect(node).toEqual({ __typename: type, id });
      }
    });

    it('answer null for an id of nothing, of another type, or of no form', async () => {
      const userAsGroup = toNodeId('Group', users[0]?.id ?? '');
      for (const id of ['', 'x', toNodeId('User', 'none'), targetIds[0], userAsGroup]) {
        const found = await gateway.data(
          `query ($id: ID!) {
             syncRule(id: $id) { id } user(id: $id) { id } group(id: $id) { id }
           }`,
          { id },
        );
        expect(found).toEqual({ syncRule: null, user: null, group: null });
      }
      for (const id of ['', 'x', toNodeId('User', 'none'), userAsGroup]) {
        const found = await gateway.data(
          'query ($id: ID!) { node(id: $id) { id } target(id: $id) { id } }',
          { id },
        );
        expect(found).toEqual({ node: null, target: null });
      }
    });

    it('do not answer a mutation with what an earlier one of the request made stale', async () => {
      const [binding] = (await gateway.world.bindings.list({ limit: 1 })).items;
      const data = await gateway.data(
        `mutation ($rule: ID!, $binding: ID!) {
           a: bindingRetry(id: $binding) { binding { syncRule { enabled } } }
           b: syncRuleDisable(id: $rule) { syncRule { enabled } }
           c: bindingRetry(id: $binding) { binding { syncRule { enabled } } }
           d: syncRuleEnable(id: $rule) { syncRule { enabled } }
         }`,
        { rule: ruleIds[0], binding: toNodeId('Binding', binding?.id ?? '') },
      );
      expect(data.a.binding.syncRule.enabled).toBe(true);
      expect(data.c.binding.syncRule.enabled).toBe(false);
      expect(data.d.syncRule.enabled).toBe(true);
    });

    it('describe the kinds of directories', async () => {
      const { connectorTypes } = await gateway.data(
        `{ connectorTypes { id title settingsSchema secretsSchema
             capabilities { kinds activation supportsRename supportsPassword } } }`,
      );
      expect(connectorTypes).toEqual([
        {
          id: 'phonebook',
          title: 'Phone book',
          settingsSchema: { type: 'object', required: ['url'] },
          secretsSchema: { type: 'object', required: ['bindPassword'] },
          capabilities: {
            kinds: ['user', 'group'],
            activation: 'attribute',
            supportsRename: true,
            supportsPassword: false,
          },
        },
      ]);
    });
  });
}
