/** The conversion of user names as administrators ask for it, and what they see of it. */
import { keyOf } from '../../../../src/graphql/node-id';
import { createRule, createTarget, Gateway, type OpenWorld } from '../gateway';

const CONVERT = `mutation ($input: UserIdentifiersConvertInput!) {
  userIdentifiersConvert(input: $input) {
    operation { id kind state reconcileMode identifierConversion { expression mode } syncRule { name } }
    warnings { field message } userErrors { code field message }
  }
}`;

const UPDATE = `mutation ($id: ID!, $input: SyncRuleUpdateInput!) {
  syncRuleUpdate(id: $id, input: $input) { userErrors { message } }
}`;

export function identifierSuite(openWorld: OpenWorld): void {
  describe('the conversion of user names', () => {
    let gateway: Gateway;
    let targetId: string;
    let syncRuleId: string;

    beforeEach(async () => {
      gateway = await Gateway.open(openWorld);
      targetId = await createTarget(gateway, 'Phone book');
      syncRuleId = (await createRule(gateway, 'Corporate', [targetId])).id;
    });
    afterEach(() => gateway.close());

    const convert = async (input: object = {}) =>
      (
        await gateway.data(CONVERT, {
          input: { syncRuleId, expression: 'localPart(userName)', ...input },
        })
      ).userIdentifiersConvert;

    it('is a preview unless somebody says otherwise, and one at a time for a rule', async () => {
      const { operation, warnings, userErrors } = await convert();
      expect({ warnings, userErrors }).toEqual({ warnings: [], userErrors: [] });
      expect(operation).toMatchObject({
        kind: 'IDENTIFIERS',
        state: 'QUEUED',
        reconcileMode: null,
        identifierConversion: { expression: 'localPart(userName)', mode: 'PREVIEW' },
        syncRule: { name: 'Corporate' },
      });
      expect((await convert()).operation.id).toBe(operation.id);
      for (const other of [{ mode: 'APPLY' }, { expression: 'externalId' }]) {
        expect((await convert(other)).userErrors).toMatchObject([
          { code: 'CONFLICT', field: ['syncRuleId'] },
        ]);
      }
      const [stored] = await gateway.world.operations.findAll([
        keyOf('Operation', operation.id) ?? '',
      ]);
      expect(stored?.requestedBy.requestId).toBeDefined();
    });

    it.each([
      [{ expression: ' ' }, 'REQUIRED', 'expression', 'Say what'],
      [{ expression: 'lower(usrName)' }, 'INVALID', 'expression', 'usrName'],
      [{ expression: 'entryName(manager)' }, 'INVALID', 'expression', 'every target'],
      [{ expression: 'profile.email' }, 'INVALID', 'expression', 'profile'],
      [{ syncRuleId: 'nothing' }, 'NOT_FOUND', 'syncRuleId', 'no such'],
    ])('says what is wrong with %j, and begins nothing', async (input, code, field, words) => {
      const { operation, userErrors } = await convert(input);
      expect(operation).toBeNull();
      expect(userErrors).toMatchObject([{ code, field: [field] }]);
      expect(userErrors[0].message).toContain(words);
      const { operations } = await gateway.data('{ operations { totalCount } }');
      expect(operations.totalCount).toBe(0);
    });

    it('warns of what finds users by their names', async () => {
      const input = {
        meUserName: 'root@example.com',
        guard: { protectedUsers: 'active eq true and USERNAME eq "root@example.com"' },
        syncAs: [{ targetId, scopeFilter: 'userName ew "@example.com"' }],
      };
      const { syncRuleUpdate } = await gateway.data(UPDATE, { id: syncRuleId, input });
      expect(syncRuleUpdate.userErrors).toEqual([]);
      expect((await convert()).warnings).toMatchObject([
        { field: ['meUserName'] },
        { field: ['guard', 'protectedUsers'] },
        { field: ['syncAs', '0', 'scopeFilter'] },
      ]);
    });

    it('shows what came of every user, and whom it collides with', async () => {
      const { operation } = await convert({ mode: 'APPLY' });
      await gateway.world.operations.putItems(keyOf('Operation', operation.id) ?? '', [
        { key: '1:a', outcome: 'CONVERTED', resourceId: 'a', detail: { from: 'a@x', to: 'a' } },
        {
          key: '2:b',
          outcome: 'COLLISION',
          resourceId: 'b',
          detail: { from: 'b@x', to: 'b', otherId: 'c', message: 'Another user has the name.' },
        },
      ]);
      const items = async (args: string) =>
        (
          await gateway.data(
            `query ($id: ID!) { operation(id: $id) { items(${args}) { nodes {
               __typename
               ... on IdentifierFinding { outcome from to message user { id } other { id } }
             } } } }`,
            { id: operation.id },
          )
        ).operation.items.nodes;
      expect(await items('first: 9')).toEqual([
        {
          __typename: 'IdentifierFinding',
          outcome: 'CONVERTED',
          from: 'a@x',
          to: 'a',
          message: null,
          user: null,
          other: null,
        },
        expect.objectContaining({
          outcome: 'COLLISION',
          message: 'Another user has the name.',
        }),
      ]);
      expect(await items('first: 9, outcomes: ["COLLISION"]')).toHaveLength(1);
    });

    it('is the business of administrators', async () => {
      const input = { syncRuleId, expression: 'userName' };
      for (const role of ['AUDITOR', 'OPERATOR'] as const) {
        const { errors } = await gateway.query(CONVERT, { input }, gateway.tokens[role]);
        expect(errors[0]?.extensions['code']).toBe('FORBIDDEN');
      }
    });

    it('is refused of a rule that is being deleted', async () => {
      await gateway.data(
        'mutation ($id: ID!) { syncRuleDelete(id: $id, onProvisioned: KEEP) { userErrors { message } } }',
        { id: syncRuleId },
      );
      expect((await convert()).userErrors).toMatchObject([
        { code: 'CONFLICT', field: ['syncRuleId'] },
      ]);
    });
  });
}
