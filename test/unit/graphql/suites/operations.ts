/** Operations as administrators see them, and what they do to them. */
import { keyOf, toNodeId } from '../../../../src/graphql/node-id';
import { createRule, createTarget, Gateway, type OpenWorld } from '../gateway';

const FIELDS = `id kind state message version createdAt startedAt finishedAt cancelledAt
  requestedBy { type name apiKeyId } progress { done total counts { outcome count } }
  syncRule { name } target { name } resumes { id }`;

const RETRY = `mutation ($input: BindingsRetryInput!) {
  bindingsRetry(input: $input) { operation { ${FIELDS} } userErrors { code message field } }
}`;

const CANCEL = `mutation ($id: ID!) {
  operationCancel(id: $id) { operation { id state cancelledAt } userErrors { code field } }
}`;

const RESUME = `mutation ($id: ID!) {
  operationResume(id: $id) { operation { id state resumes { id } } userErrors { code field } }
}`;

const LIST = `query ($first: Int, $after: String, $kinds: [OperationKind!], $ruleId: ID) {
  operations(first: $first, after: $after, kinds: $kinds, ruleId: $ruleId) {
    nodes { id } totalCount pageInfo { hasNextPage endCursor }
  }
}`;

export function operationSuite(openWorld: OpenWorld): void {
  describe('operations', () => {
    let gateway: Gateway;
    let targetId: string;
    let syncRuleId: string;

    beforeEach(async () => {
      gateway = await Gateway.open(openWorld);
      targetId = await createTarget(gateway, 'Phone book');
      syncRuleId = (await createRule(gateway, 'Corporate', [targetId])).id;
    });
    afterEach(() => gateway.close());

    const retry = async (input: object = {}) =>
      (await gateway.data(RETRY, { input })).bindingsRetry;
    const cancel = async (id: string) => (await gateway.data(CANCEL, { id })).operationCancel;
    const resume = async (id: string) => (await gateway.data(RESUME, { id })).operationResume;

    it('begin with a command, and are read again by their id', async () => {
      const { operation, userErrors } = await retry({ syncRuleId, targetId });
      expect(userErrors).toEqual([]);
      expect(operation).toMatchObject({
        kind: 'RETRY',
        state: 'QUEUED',
        requestedBy: {
          type: 'API_KEY',
          name: 'ADMINISTRATOR of the test',
          apiKeyId: toNodeId('ApiKey', gateway.keys.ADMINISTRATOR.id),
        },
        progress: { done: 0, total: null, counts: [] },
        syncRule: { name: 'Corporate' },
        target: { name: 'Phone book' },
        resumes: null,
        startedAt: null,
      });
      const { id } = operation;
      const again = await gateway.data(
        `query ($id: ID!) { operation(id: $id) { ${FIELDS} } node(id: $id) { __typename id } }`,
        { id },
      );
      expect(again).toEqual({ operation, node: { __typename: 'Operation', id } });
      expect(await gateway.data(`{ operation(id: "${targetId}") { id } }`)).toEqual({
        operation: null,
      });
      expect(gateway.world.delivery.operationHints).toBe(1);
    });

    it('say everything that is wrong with what is to be retried, and begin nothing', async () => {
      const wrong = await retry({
        syncRuleId: targetId,
        targetId: syncRuleId,
        states: ['PENDING', 'PARKED'],
      });
      expect(wrong.operation).toBeNull();
      expect(wrong.userErrors).toMatchObject([
        { code: 'INVALID', field: ['states'] },
        { code: 'NOT_FOUND', field: ['syncRuleId'] },
        { code: 'NOT_FOUND', field: ['targetId'] },
      ]);
      expect((await gateway.data(LIST)).operations.totalCount).toBe(0);
    });

    it('are listed from the newest on, page by page', async () => {
      const ids: string[] = [];
      for (let count = 0; count < 3; count += 1) ids.unshift((await retry()).operation.id);
      const { operations: first } = await gateway.data(LIST, { first: 2 });
      expect(first).toMatchObject({ nodes: ids.slice(0, 2).map((id) => ({ id })), totalCount: 3 });
      const { operations: second } = await gateway.data(LIST, {
        first: 2,
        after: first.pageInfo.endCursor,
      });
      expect(second).toMatchObject({
        nodes: [{ id: ids[2] }],
        pageInfo: { hasNextPage: false },
      });
      const { operations: none } = await gateway.data(LIST, { kinds: ['RECONCILE'] });
      expect(none.totalCount).toBe(0);
    });

    it('end when somebody asks for it, once', async () => {
      const { operation } = await retry();
      expect(await cancel(operation.id)).toMatchObject({
        operation: { id: operation.id, state: 'CANCELLED' },
        userErrors: [],
      });
      expect(await cancel(operation.id)).toMatchObject({
        operation: null,
        userErrors: [{ code: 'CONFLICT', field: ['id'] }],
      });
      expect((await cancel(targetId)).userErrors).toEqual([{ code: 'NOT_FOUND', field: ['id'] }]);
    });

    it('are resumed as new ones, and only when they ended early', async () => {
      const { operation } = await retry({ targetId });
      expect((await resume(operation.id)).userErrors).toEqual([
        { code: 'CONFLICT', field: ['id'] },
      ]);
      await cancel(operation.id);
      const resumed = await resume(operation.id);
      expect(resumed).toMatchObject({
        operation: { state: 'QUEUED', resumes: { id: operation.id } },
        userErrors: [],
      });
      expect(resumed.operation.id).not.toBe(operation.id);
      expect((await resume(operation.id)).operation.id).toBe(resumed.operation.id);
    });

    it('show the deletion of a rule, which nobody can stop', async () => {
      const remove = () =>
        gateway.data(
          `mutation ($id: ID!) {
             syncRuleDelete(id: $id, onProvisioned: KEEP) { operation { id kind syncRule { id } } }
           }`,
          { id: syncRuleId },
        );
      const { syncRuleDelete } = await remove();
      expect(syncRuleDelete.operation).toMatchObject({ kind: 'RULE_DELETION' });
      expect(await remove()).toEqual({ syncRuleDelete });
      expect((await cancel(syncRuleDelete.operation.id)).userErrors).toEqual([
        { code: 'CONFLICT', field: ['id'] },
      ]);
    });

    it('compare a target, one at a time, and show what they found', async () => {
      const start = async (mode: string, id = targetId) =>
        (
          await gateway.data(
            `mutation ($id: ID!, $mode: ReconcileMode!) {
               reconcileStart(targetId: $id, mode: $mode) {
                 operation { id kind reconcileMode target { name } } userErrors { code field }
               }
             }`,
            { id, mode },
          )
        ).reconcileStart;
      const { operation } = await start('REPORT');
      expect(operation).toMatchObject({
        kind: 'RECONCILE',
        reconcileMode: 'REPORT',
        target: { name: 'Phone book' },
      });
      expect((await start('REPORT')).operation.id).toBe(operation.id);
      expect((await start('REPAIR')).userErrors).toEqual([{ code: 'CONFLICT', field: ['mode'] }]);
      expect((await start('REPORT', syncRuleId)).userErrors).toEqual([
        { code: 'NOT_FOUND', field: ['targetId'] },
      ]);
      const itemsOf = keyOf('Operation', operation.id) ?? '';
      const detail = (name: string) => ({
        kind: 'user',
        name,
        reference: `ref ${name}`,
        differences: [{ attribute: 'title', expected: ['a'], actual: [] }],
        isRepaired: false,
      });
      await gateway.world.operations.putItems(itemsOf, [
        { key: 'a', outcome: 'MISSING', detail: detail('ann') },
        { key: 'b', outcome: 'DIFFERENT', detail: detail('bob') },
        { key: 'c', outcome: 'DIFFERENT', detail: detail('cyd') },
      ]);
      const items = async (args: string) =>
        (
          await gateway.data(
            `query ($id: ID!) { operation(id: $id) { items(${args}) {
               nodes { ... on DriftFinding {
                 outcome name isRepaired resource { __typename } members { extraCount }
                 differences { attribute expected actual }
               } }
               pageInfo { hasNextPage endCursor } } } }`,
            { id: operation.id },
          )
        ).operation.items;
      const first = await items('first: 1, outcomes: ["DIFFERENT"]');
      expect(first.nodes).toEqual([
        {
          outcome: 'DIFFERENT',
          name: 'bob',
          isRepaired: false,
          resource: null,
          members: null,
          differences: [{ attribute: 'title', expected: ['a'], actual: [] }],
        },
      ]);
      const { endCursor } = first.pageInfo;
      const second = await items(`first: 1, outcomes: ["DIFFERENT"], after: "${endCursor}"`);
      expect(second).toMatchObject({ nodes: [{ name: 'cyd' }], pageInfo: { hasNextPage: false } });
      expect((await items('first: 10')).nodes).toHaveLength(3);
    });

    it('remove orphans only where that is said, by an administrator', async () => {
      const start = (args: string, token?: string) =>
        gateway.query(
          `mutation ($id: ID!) { reconcileStart(targetId: $id, ${args}) {
             operation { id orphanPolicy } userErrors { code field } } }`,
          { id: targetId },
          token,
        );
      const wrong = async (args: string) => (await start(args)).data.reconcileStart.userErrors;
      expect(await wrong('orphans: DELETE')).toEqual([{ code: 'INVALID', field: ['orphans'] }]);
      expect(await wrong('mode: REPAIR, mostOrphans: 5')).toEqual([
        { code: 'INVALID', field: ['mostOrphans'] },
      ]);
      expect(await wrong('mode: REPAIR, orphans: DELETE, mostOrphans: 0')).toEqual([
        { code: 'INVALID', field: ['mostOrphans'] },
      ]);
      const command = 'mode: REPAIR, orphans: DELETE, mostOrphans: 5';
      const { errors } = await start(command, gateway.tokens.OPERATOR);
      expect(errors[0]?.extensions['code']).toBe('FORBIDDEN');
      const { operation } = (await start(command)).data.reconcileStart;
      expect(operation.orphanPolicy).toBe('DELETE');
      expect((await start(command)).data.reconcileStart.operation.id).toBe(operation.id);
      expect(await wrong('mode: REPAIR, orphans: DELETE, mostOrphans: 6')).toEqual([
        { code: 'CONFLICT', field: ['mode'] },
      ]);
      expect(await wrong('mode: REPAIR')).toEqual([{ code: 'CONFLICT', field: ['mode'] }]);
    });

    it('are not resumed beside another one with which they cannot be', async () => {
      const start = async (mode: string) =>
        (
          await gateway.data(
            `mutation ($id: ID!, $mode: ReconcileMode!) {
               reconcileStart(targetId: $id, mode: $mode) { operation { id } } }`,
            { id: targetId, mode },
          )
        ).reconcileStart.operation.id as string;
      const ended = await start('REPAIR');
      await cancel(ended);
      const other = await start('REPORT');
      expect(await resume(ended)).toMatchObject({
        operation: null,
        userErrors: [{ code: 'CONFLICT', field: ['id'] }],
      });
      await cancel(other);
      expect((await resume(ended)).operation).toMatchObject({ resumes: { id: ended } });
    });

    it('are resumed only by who may begin them', async () => {
      const { reconcileStart } = await gateway.data(
        `mutation ($id: ID!) {
           reconcileStart(targetId: $id, mode: REPAIR, orphans: DELETE) { operation { id } } }`,
        { id: targetId },
      );
      const { id } = reconcileStart.operation;
      await cancel(id);
      const { errors } = await gateway.query(RESUME, { id }, gateway.tokens.OPERATOR);
      expect(errors[0]).toMatchObject({
        message: 'This requires an API key of role ADMINISTRATOR; yours has OPERATOR.',
        extensions: { code: 'FORBIDDEN' },
      });
      expect((await resume(id)).operation).toMatchObject({ resumes: { id } });
      const { operation } = await retry();
      await cancel(operation.id);
      const resumed = await gateway.query(RESUME, { id: operation.id }, gateway.tokens.OPERATOR);
      expect(resumed.data.operationResume.operation.resumes.id).toBe(operation.id);
    });

    it('begin by themselves when a target says so', async () => {
      const update = async (input: object) =>
        (
          await gateway.data(
            `mutation ($id: ID!, $input: TargetUpdateInput!) { targetUpdate(id: $id, input: $input) {
               target { reconcileEveryHours reconcileMode reconcileOrphans }
               userErrors { code field } } }`,
            { id: targetId, input },
          )
        ).targetUpdate;
      expect((await update({ reconcileEveryHours: 24 })).target).toEqual({
        reconcileEveryHours: 24,
        reconcileMode: 'REPORT',
        reconcileOrphans: 'KEEP',
      });
      expect((await update({ reconcileOrphans: 'DELETE' })).userErrors).toEqual([
        { code: 'INVALID', field: ['reconcileOrphans'] },
      ]);
      const repair = { reconcileMode: 'REPAIR', reconcileOrphans: 'DELETE' };
      expect((await update(repair)).target).toEqual({ reconcileEveryHours: 24, ...repair });
      expect((await update({ name: 'Blue book' })).target.reconcileEveryHours).toBe(24);
      expect((await update({ reconcileEveryHours: 169 })).userErrors).toEqual([
        { code: 'INVALID', field: ['reconcileEveryHours'] },
      ]);
      expect((await update({ reconcileEveryHours: 0 })).target).toEqual({
        reconcileEveryHours: null,
        reconcileMode: null,
        reconcileOrphans: null,
      });
      expect((await update({ reconcileMode: 'REPAIR' })).userErrors).toEqual([
        { code: 'INVALID', field: ['reconcileMode'] },
      ]);
    });

    it('are watched by everybody and commanded by operators', async () => {
      const { operation } = await retry();
      const asAuditor = (query: string, variables: object) =>
        gateway.query(query, { ...variables }, gateway.tokens.AUDITOR);
      expect((await asAuditor(LIST, {})).errors).toEqual([]);
      for (const [query, variables] of [
        [RETRY, { input: {} }],
        [CANCEL, { id: operation.id }],
        [RESUME, { id: operation.id }],
      ] as const) {
        const { errors } = await asAuditor(query, variables);
        expect(errors[0]?.extensions['code']).toBe('FORBIDDEN');
      }
    });
  });
}
