/** What is asked of `syncRulePreview`, and what is wrong with asking it. What it finds is told by tests of the delivery. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { standardSchemas } from '../../../../src/domain/standard-schemas';
import { type Resource } from '../../../../src/domain/resource';
import { parseNodeId, toNodeId } from '../../../../src/graphql/node-id';
import { createRule, createTarget, Gateway, type OpenWorld } from '../gateway';

const PREVIEW = `mutation ($input: SyncRulePreviewInput!) {
  syncRulePreview(input: $input) {
    previews {
      target { name }
      resource { ... on User { userName } ... on Group { displayName } }
      isInScope action entry { state } changes { operation object detail } problems
    }
    userErrors { code field }
  }
}`;

const START = `mutation ($input: SyncRulePreviewStartInput!) {
  syncRulePreviewStart(input: $input) {
    operation {
      id kind state isDraft reconcileMode syncRule { name }
      syncAs { target { name } scopeFilter }
    }
    userErrors { code field }
  }
}`;

export function previewSuite(openWorld: OpenWorld): void {
  describe('syncRulePreview', () => {
    let gateway: Gateway;
    let targetId: string;
    let syncRuleId: string;
    let users: readonly Resource[];
    let group: Resource;

    beforeEach(async () => {
      gateway = await Gateway.open(openWorld);
      targetId = await createTarget(gateway, 'Phone book');
      const other = await createTarget(gateway, 'Other book');
      syncRuleId = (await createRule(gateway, 'Rule', [targetId, other])).id;
      const ruleId = parseNodeId(syncRuleId)?.key ?? '';
      const insert = async (resourceType: 'User' | 'Group', attributes: Record<string, string>) => {
        const schema = standardSchemas.get(resourceType);
        if (!schema) throw new Error('no schema');
        return gateway.world.resources.insert({ ruleId, resourceType, attributes }, schema);
      };
      users = [
        await insert('User', { userName: 'ann' }),
        await insert('User', { userName: 'bob' }),
      ];
      group = await insert('Group', { displayName: 'staff' });
    });
    afterEach(() => gateway.close());

    const preview = async (input: object) =>
      (await gateway.data(PREVIEW, { input })).syncRulePreview;

    it('looks at users and groups of the rule in all of its targets, for operators', async () => {
      const { data } = await gateway.query(
        PREVIEW,
        { input: { syncRuleId } },
        gateway.tokens.OPERATOR,
      );
      const { previews, userErrors } = data.syncRulePreview;
      expect(userErrors).toEqual([]);
      const seen = (
        previews as { target: { name: string }; resource: Record<string, string> }[]
      ).map(({ target, resource }) => `${Object.values(resource).join()} in ${target.name}`);
      expect([...seen].sort()).toEqual([
        'ann in Other book',
        'ann in Phone book',
        'bob in Other book',
        'bob in Phone book',
        'staff in Other book',
        'staff in Phone book',
      ]);
      const denied = await gateway.query(
        PREVIEW,
        { input: { syncRuleId } },
        gateway.tokens.AUDITOR,
      );
      expect(denied.errors[0]?.extensions['code']).toBe('FORBIDDEN');
    });

    it('looks at an unsaved target of the rule, and at samples that are named', async () => {
      const { previews } = await preview({
        syncRuleId,
        syncAs: { targetId, mapping: [{ attribute: 'name', expression: 'displayName' }] },
        userIds: [toNodeId('User', users[1]?.id ?? '')],
        groupIds: [toNodeId('Group', group.id)],
      });
      expect(previews).toHaveLength(2);
      expect(previews[0]).toMatchObject({
        resource: { userName: 'bob' },
        isInScope: true,
        action: 'ENSURE',
        entry: { state: 'ABSENT' },
        changes: [{ operation: 'add' }],
      });
      const [request] = gateway.world.previews.requests;
      expect(request?.syncAs.userMapping).toMatchObject([{ expression: 'displayName' }]);
      const [rule] = (await gateway.world.syncRules.list({ limit: 1 })).items;
      expect(rule).toMatchObject({ version: 1 });
    });

    it('looks at a resource that nobody has sent, also for a rule that nobody has made', async () => {
      const resource = { userName: 'new' };
      const { previews } = await preview({ syncAs: { targetId }, resource });
      expect(previews).toHaveLength(1);
      expect(previews[0].resource).toBeNull();
      const [request] = gateway.world.previews.requests;
      expect(request?.samples[0]?.resource).toMatchObject({
        resourceType: 'User',
        attributes: { userName: 'new', active: true },
      });
      expect(await gateway.world.resources.count({ resourceType: 'User' })).toBe(2);
    });

    it.each([
      [{}, [['REQUIRED', ['syncRuleId']]]],
      [{ syncRuleId: 'none' }, [['NOT_FOUND', ['syncRuleId']]]],
      [{ first: 51 }, [['INVALID', ['first']]]],
      [{ first: 0 }, [['INVALID', ['first']]]],
      [{ first: 3, resource: { userName: 'x' } }, [['INVALID', ['first']]]],
      [{ userIds: ['x'] }, [['NOT_FOUND', ['userIds', '0']]]],
      [{ groupIds: ['x'] }, [['NOT_FOUND', ['groupIds', '0']]]],
      [{ resource: { displayName: 'nameless' } }, [['INVALID', ['resource']]]],
      [{ userIds: Array<string>(51).fill('x') }, [['LIMIT_EXCEEDED', ['userIds']]]],
      [{ syncAs: { targetId: 'x' } }, [['NOT_FOUND', ['syncAs', 'targetId']]]],
    ])('refuses %j', async (input, expected) => {
      const given = Object.keys(input).length === 0 ? {} : { syncRuleId, ...input };
      const { previews, userErrors } = await preview(given);
      expect(previews).toBeNull();
      expect(
        userErrors.map(({ code, field }: { code: string; field: string[] }) => [code, field]),
      ).toEqual(expected);
      expect(gateway.world.previews.requests).toEqual([]);
    });

    it('runs the example of the documentation', async () => {
      const doc = readFileSync(path.join(__dirname, '../../../../docs/graphql.md'), 'utf8');
      const example = /```graphql preview\n([\s\S]*?)```/.exec(doc)?.[1] ?? '';
      const ready = example
        .replace('syncRuleId: "..."', `syncRuleId: "${syncRuleId}"`)
        .replace('targetId: "..."', `targetId: "${targetId}"`);
      const { syncRulePreview } = await gateway.data(ready);
      expect(syncRulePreview.userErrors).toEqual([]);
      expect(syncRulePreview.previews).toHaveLength(1);
    });

    it('says where in the unsaved target a mistake is', async () => {
      const syncAs = { targetId, mapping: [{ attribute: 'name', expression: '' }] };
      const { userErrors } = await preview({ syncRuleId, syncAs });
      expect(userErrors).toEqual([
        { code: 'INVALID', field: ['syncAs', 'mapping', '0', 'expression'] },
      ]);
    });
  });

  describe('syncRulePreviewStart', () => {
    let gateway: Gateway;
    let targetId: string;
    let otherId: string;
    let syncRuleId: string;

    beforeEach(async () => {
      gateway = await Gateway.open(openWorld);
      targetId = await createTarget(gateway, 'Phone book');
      otherId = await createTarget(gateway, 'Other book');
      syncRuleId = (await createRule(gateway, 'Rule', [targetId])).id;
    });
    afterEach(() => gateway.close());

    const start = async (input: object) =>
      (await gateway.data(START, { input: { syncRuleId, ...input } })).syncRulePreviewStart;

    it('begins an operation about the rule as it is', async () => {
      const { operation, userErrors } = await start({});
      expect(userErrors).toEqual([]);
      expect(operation).toMatchObject({
        kind: 'PREVIEW',
        state: 'QUEUED',
        isDraft: false,
        reconcileMode: null,
        syncRule: { name: 'Rule' },
        syncAs: [{ target: { name: 'Phone book' }, scopeFilter: null }],
      });
      expect(gateway.world.delivery.operationHints).toBe(1);
      expect((await start({})).operation.id).toBe(operation.id);
    });

    it('takes targets as they might be, and only one preview of a rule at a time', async () => {
      const syncAs = [{ targetId, scopeFilter: 'title pr' }, { targetId: otherId }];
      const { operation } = await start({ syncAs });
      expect(operation).toMatchObject({
        isDraft: true,
        syncAs: [{ scopeFilter: 'title pr' }, { target: { name: 'Other book' } }],
      });
      expect((await start({ syncAs })).operation.id).toBe(operation.id);
      expect((await start({})).userErrors).toEqual([{ code: 'CONFLICT', field: ['syncRuleId'] }]);
      const [rule] = (await gateway.world.syncRules.list({ limit: 1 })).items;
      expect(rule).toMatchObject({ version: 1, syncAs: [{ targetId: expect.any(String) }] });
    });

    it.each([
      [{ syncRuleId: 'none' }, [['NOT_FOUND', ['syncRuleId']]]],
      [{ syncAs: [] }, [['REQUIRED', ['syncAs']]]],
      [{ syncAs: [{ targetId: 'x' }] }, [['NOT_FOUND', ['syncAs', '0', 'targetId']]]],
    ])('refuses %j', async (input, expected) => {
      const { operation, userErrors } = await start(input);
      expect(operation).toBeNull();
      expect(
        userErrors.map(({ code, field }: { code: string; field: string[] }) => [code, field]),
      ).toEqual(expected);
      expect(await gateway.world.operations.count({})).toBe(0);
    });

    it('says where in a draft a mistake is', async () => {
      const mapping = [{ attribute: 'name', expression: '' }];
      const { userErrors } = await start({ syncAs: [{ targetId, mapping }] });
      expect(userErrors).toEqual([
        { code: 'INVALID', field: ['syncAs', '0', 'mapping', '0', 'expression'] },
      ]);
    });

    it('shows what was found by target and outcome, and how much of it', async () => {
      const { operation } = await start({ syncAs: [{ targetId }, { targetId: otherId }] });
      const itemsOf = parseNodeId(operation.id)?.key ?? '';
      const [one, two] = [targetId, otherId].map((id) => parseNodeId(id)?.key ?? '');
      const detail = (name: string) => ({
        kind: 'user',
        name,
        changes: [{ operation: 'modify', object: name, detail: 'replace: title' }],
        changeCount: 1,
        told: { before: { reference: 'r', name } },
      });
      const item = (target: string | undefined, name: string, outcome: string) => ({
        ...{ key: `${target}:${name}`, outcome, detail: detail(name) },
        ...(target === undefined ? {} : { targetId: target }),
      });
      await gateway.world.operations.putItems(itemsOf, [
        item(one, 'ann', 'UPDATE'),
        item(one, 'bob', 'REMOVE'),
        item(two, 'ann', 'CREATE'),
        item(two, 'bob', 'CREATE'),
        item(two, 'cyd', 'PARKED'),
      ]);
      const items = async (args: string) =>
        (
          await gateway.data(
            `query ($id: ID!) { operation(id: $id) { items(${args}) {
               nodes { ... on PreviewFinding {
                 outcome name target { name } resource { __typename } heldFor message
                 changes { operation object detail } changeCount } }
               pageInfo { hasNextPage endCursor } } } }`,
            { id: operation.id },
          )
        ).operation.items;
      expect((await items('first: 10')).nodes).toHaveLength(5);
      const first = await items(`first: 1, targetId: "${otherId}"`);
      expect(first.nodes).toEqual([
        {
          outcome: 'CREATE',
          name: 'ann',
          target: { name: 'Other book' },
          resource: null,
          heldFor: null,
          message: null,
          changes: [{ operation: 'modify', object: 'ann', detail: 'replace: title' }],
          changeCount: 1,
        },
      ]);
      const { endCursor } = first.pageInfo;
      const rest = await items(`first: 9, targetId: "${otherId}", after: "${endCursor}"`);
      expect(rest.nodes.map(({ name }: { name: string }) => name)).toEqual(['bob', 'cyd']);
      expect(rest.pageInfo.hasNextPage).toBe(false);
      const both = await items(`first: 9, targetId: "${targetId}", outcomes: ["REMOVE", "CREATE"]`);
      expect(both.nodes).toMatchObject([{ name: 'bob', outcome: 'REMOVE' }]);
    });

    it('runs the example of the documentation', async () => {
      const doc = readFileSync(path.join(__dirname, '../../../../docs/graphql.md'), 'utf8');
      const example = /```graphql preview-start\n([\s\S]*?)```/.exec(doc)?.[1] ?? '';
      const ready = example
        .replace('syncRuleId: "..."', `syncRuleId: "${syncRuleId}"`)
        .replace('targetId: "..."', `targetId: "${targetId}"`);
      const { syncRulePreviewStart } = await gateway.data(ready);
      expect(syncRulePreviewStart).toMatchObject({ operation: { id: expect.any(String) } });
    });

    it('is for operators', async () => {
      const as = (token: string) =>
        gateway.query(START, { input: { syncRuleId } }, token).then(({ errors }) => errors);
      expect((await as(gateway.tokens.AUDITOR))[0]?.extensions['code']).toBe('FORBIDDEN');
      expect(await as(gateway.tokens.OPERATOR)).toEqual([]);
    });
  });
}
