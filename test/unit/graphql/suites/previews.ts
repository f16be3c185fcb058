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
}
