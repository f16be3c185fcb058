/** The guard of a sync rule: its settings, what it holds, and who decides. */
import { type Binding, type HeldFor } from '../../../../src/domain/binding';
import { toNodeId, keyOf } from '../../../../src/graphql/node-id';
import { createRule, createTarget, Gateway, type OpenWorld } from '../gateway';

const GUARD = `guard {
  status enabled protectedUsers protectedGroups minCount maxCount maxPercent windowMinutes maxMemberPercent
  trip { subject count limit target { name } } lastDecision { verdict by }
  waiting { threshold members protected }
}`;
const ERRORS = 'userErrors { code message field }';
const USUAL = {
  status: 'READY',
  enabled: true,
  protectedUsers: null,
  protectedGroups: null,
  minCount: 10,
  maxCount: null,
  maxPercent: 20,
  windowMinutes: 60,
  maxMemberPercent: 30,
  trip: null,
  lastDecision: null,
  waiting: { threshold: 0, members: 0, protected: 0 },
};

export function guardSuite(openWorld: OpenWorld): void {
  describe('the guard of a rule', () => {
    let gateway: Gateway;
    let targetId: string;
    let serial = 0;
    beforeAll(async () => {
      gateway = await Gateway.open(openWorld);
      targetId = await createTarget(gateway, 'Directory');
    });
    afterAll(() => gateway.close());

    const newRule = async (): Promise<string> =>
      (await createRule(gateway, `rule ${String((serial += 1))}`, [targetId])).id;
    const update = async (id: string, guard: object) =>
      (
        await gateway.data(
          `mutation ($id: ID!, $input: SyncRuleUpdateInput!) {
             syncRuleUpdate(id: $id, input: $input) { syncRule { ${GUARD} } ${ERRORS} }
           }`,
          { id, input: { guard } },
        )
      ).syncRuleUpdate;
    const guardOf = async (id: string) =>
      (await gateway.data(`query ($id: ID!) { syncRule(id: $id) { ${GUARD} } }`, { id })).syncRule
        .guard;
    const decide = (
      command: 'guardApprove' | 'guardReject',
      ruleId: string,
      bindingIds?: readonly string[],
      token?: string,
    ) =>
      gateway.query(
        `mutation ($ruleId: ID!, $bindingIds: [ID!]) {
           ${command}(ruleId: $ruleId, bindingIds: $bindingIds) {
             bindings syncRule { guard { status } } ${ERRORS}
           }
         }`,
        { ruleId, ...(bindingIds ? { bindingIds } : {}) },
        token,
      );
    const hold = (ruleId: string, heldFor: HeldFor): Binding => {
      const resourceId = `held-${String((serial += 1))}`;
      const key = keyOf('Target', targetId) ?? '';
      return gateway.world.bindings.put({
        id: `${key}:${resourceId}`,
        ruleId: keyOf('SyncRule', ruleId) ?? '',
        targetId: key,
        resourceId,
        resourceType: 'User',
        state: 'HELD',
        heldFor,
        heldSince: new Date(),
        generation: 2,
        observedGeneration: 1,
        attempts: 0,
      });
    };

    it('is on, as usual, when nobody says otherwise', async () => {
      expect(await guardOf(await newRule())).toEqual(USUAL);
    });

    it('is set with a new rule', async () => {
      const { syncRuleCreate } = await gateway.data(
        `mutation ($input: SyncRuleCreateInput!) {
           syncRuleCreate(input: $input) { syncRule { ${GUARD} } ${ERRORS} }
         }`,
        {
          input: {
            name: `rule ${String((serial += 1))}`,
            syncAs: [{ targetId }],
            guard: { maxCount: 5, protectedUsers: 'userName eq "root"' },
          },
        },
      );
      expect(syncRuleCreate).toMatchObject({
        syncRule: { guard: { ...USUAL, maxCount: 5, protectedUsers: 'userName eq "root"' } },
        userErrors: [],
      });
    });

    it('changes in what is given, and what waits is judged by it', async () => {
      const id = await newRule();
      const filter = 'displayName eq "admins"';
      await update(id, { protectedGroups: filter, maxCount: 7, maxPercent: 5 });
      const { syncRule } = await update(id, { enabled: false, windowMinutes: 30, minCount: null });
      expect(syncRule.guard).toEqual({
        ...USUAL,
        status: 'OFF',
        enabled: false,
        protectedGroups: filter,
        maxCount: 7,
        maxPercent: 5,
        windowMinutes: 30,
      });
      const cleared = await update(id, { enabled: true, protectedGroups: null, maxCount: null });
      expect(cleared.syncRule.guard).toEqual({ ...USUAL, maxPercent: 5, windowMinutes: 30 });
      const ruleId = keyOf('SyncRule', id);
      const commands = gateway.world.delivery.guardCommands.filter((one) => one.ruleId === ruleId);
      expect(commands).toEqual(Array(3).fill({ ruleId, verdict: 'LIFTED' }));
      await update(id, { maxPercent: 5 });
      expect(gateway.world.delivery.guardCommands.filter((one) => one.ruleId === ruleId)).toEqual(
        commands,
      );
    });

    it('tells everything that is wrong with its settings, and changes nothing', async () => {
      const id = await newRule();
      const { syncRule, userErrors } = await update(id, {
        minCount: -1,
        maxPercent: 0,
        windowMinutes: 1441,
        maxMemberPercent: 101,
        protectedUsers: 'userName eq',
        protectedGroups: 'nickName pr',
      });
      expect(syncRule).toBeNull();
      expect(userErrors).toMatchObject([
        { code: 'INVALID', field: ['guard', 'minCount'] },
        { code: 'INVALID', field: ['guard', 'maxPercent'] },
        { code: 'INVALID', field: ['guard', 'windowMinutes'] },
        { code: 'INVALID', field: ['guard', 'maxMemberPercent'] },
        { field: ['guard', 'protectedUsers'], message: expect.stringMatching(/position 1[12]/) },
        { field: ['guard', 'protectedGroups'], message: expect.stringContaining('nickName') },
      ]);
      expect(await guardOf(id)).toEqual(USUAL);
    });

    it('shows why it has tripped, what waits, and what was decided', async () => {
      const id = await newRule();
      const ruleId = keyOf('SyncRule', id) ?? '';
      const { guards } = gateway.world;
      const admission = {
        ruleId,
        targetId: keyOf('Target', targetId) ?? '',
        subject: 'USERS' as const,
        amount: 1,
        now: new Date(),
        windowMs: 3_600_000,
      };
      const counted = await guards.admit(admission);
      if ('trip' in counted) throw new Error('It had tripped');
      await guards.trip(admission, { ...counted, limit: 0 });
      for (const reason of ['GUARD_THRESHOLD', 'GUARD_PROTECTED', 'RULE_DISABLED'] as const) {
        hold(id, reason);
      }
      expect(await guardOf(id)).toMatchObject({
        status: 'TRIPPED',
        trip: { subject: 'USERS', count: 1, limit: 0, target: { name: 'Directory' } },
        waiting: { threshold: 1, members: 0, protected: 1 },
      });
      await guards.decide(ruleId, { verdict: 'REJECTED', by: 'Kim', at: new Date() });
      expect(await guardOf(id)).toMatchObject({
        status: 'READY',
        trip: null,
        lastDecision: { verdict: 'REJECTED', by: 'Kim' },
      });
      const list = `query ($ruleId: ID!) {
        bindings(ruleId: $ruleId, states: [HELD, PARKED], heldFor: [GUARD_PROTECTED, GUARD_MEMBERS]) {
          totalCount nodes { state heldFor heldSince }
        }
      }`;
      expect((await gateway.data(list, { ruleId: id })).bindings).toMatchObject({
        totalCount: 1,
        nodes: [{ state: 'HELD', heldFor: 'GUARD_PROTECTED', heldSince: expect.any(String) }],
      });
    });

    it.each(['guardApprove', 'guardReject'] as const)('%s decides about all', async (command) => {
      const id = await newRule();
      const { data, errors } = await decide(command, id);
      expect(errors).toEqual([]);
      expect(data[command]).toEqual({
        bindings: 0,
        syncRule: { guard: { status: 'READY' } },
        userErrors: [],
      });
      expect(gateway.world.delivery.guardCommands.at(-1)).toEqual({
        ruleId: keyOf('SyncRule', id),
        verdict: command === 'guardApprove' ? 'APPROVED' : 'REJECTED',
        by: gateway.keys.ADMINISTRATOR.name,
      });
    });

    it('is decided about binding by binding, all of which it has to hold', async () => {
      const id = await newRule();
      const held = hold(id, 'GUARD_PROTECTED');
      const ofDisabled = hold(id, 'RULE_DISABLED');
      const ofOther = hold(await newRule(), 'GUARD_PROTECTED');
      const before = gateway.world.delivery.guardCommands.length;
      const ids = [held, ofDisabled, ofOther].map((one) => toNodeId('Binding', one.id));
      const refused = await decide('guardApprove', id, [...ids, 'nonsense']);
      expect(refused.data.guardApprove).toMatchObject({
        bindings: null,
        userErrors: [
          { code: 'CONFLICT', field: ['bindingIds', '1'] },
          { code: 'NOT_FOUND', field: ['bindingIds', '2'] },
          { code: 'NOT_FOUND', field: ['bindingIds', '3'] },
        ],
      });
      expect(gateway.world.delivery.guardCommands).toHaveLength(before);
      const { data } = await decide('guardApprove', id, ids.slice(0, 1));
      expect(data.guardApprove).toMatchObject({ bindings: 1, userErrors: [] });
      const most = await decide('guardReject', id, Array<string>(101).fill(ids[0] ?? ''));
      expect(most.data.guardReject.userErrors).toMatchObject([
        { code: 'LIMIT_EXCEEDED', field: ['bindingIds'] },
      ]);
    });

    it('is decided about by administrators only, and for rules that are there', async () => {
      const id = await newRule();
      for (const command of ['guardApprove', 'guardReject'] as const) {
        const { errors } = await decide(command, id, undefined, gateway.tokens.OPERATOR);
        expect(errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
        const { data } = await decide(command, toNodeId('Target', 'x'));
        expect(data[command].userErrors).toMatchObject([{ code: 'NOT_FOUND', field: ['ruleId'] }]);
      }
    });
  });
}
