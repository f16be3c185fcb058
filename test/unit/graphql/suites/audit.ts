/** Commands in the audit trail, and what auditors read of it. */
import { createRule, createTarget, Gateway, type Json, type OpenWorld } from '../gateway';

const EVENTS = `query ($filter: AuditEventFilter, $first: Int, $after: String) {
  auditEvents(filter: $filter, first: $first, after: $after) {
    nodes {
      id category action outcome chain seq
      actor { type id name }
      changes { attribute before after }
      input
      syncRule { id }
      target { id }
    }
    pageInfo { hasNextPage endCursor }
  }
}`;

export function auditSuite(openWorld: OpenWorld): void {
  describe('the audit trail', () => {
    let gateway: Gateway;

    beforeEach(async () => {
      gateway = await Gateway.open(openWorld);
    });

    afterEach(() => gateway.close());

    const events = async (filter: object = {}, more: object = {}): Promise<Json> =>
      (await gateway.data(EVENTS, { filter, ...more })).auditEvents;

    it('has every command with its administrator and without its secrets', async () => {
      const targetId = await createTarget(gateway, 'Phone book');
      const rule = await createRule(gateway, 'Entra', [targetId]);
      const answer = await gateway.query(EVENTS, {});
      expect(answer.text).not.toContain('Tr0ub4dor');
      expect(answer.text).not.toContain(rule.secretToken);
      const { nodes } = answer.data.auditEvents;
      expect(nodes).toMatchObject([
        {
          action: 'syncRuleCreate',
          category: 'COMMAND',
          outcome: 'DONE',
          actor: { type: 'API_KEY', name: 'ADMINISTRATOR of the test' },
        },
        { action: 'targetCreate', chain: 'gateway', target: { id: targetId } },
      ]);
      expect(nodes[1].input.input.secrets).toEqual({ bindPassword: '********' });
    });

    it('has before and after of rules and targets', async () => {
      const targetId = await createTarget(gateway, 'Phone book');
      const rule = await createRule(gateway, 'Entra', [targetId]);
      await gateway.data(
        `mutation ($rule: ID!, $target: ID!) {
          syncRuleUpdate(id: $rule, input: { name: "Okta" }) { userErrors { message } }
          targetUpdate(id: $target, input: { secrets: { bindPassword: "c0rrect-horse" } }) { userErrors { message } }
        }`,
        { rule: rule.id, target: targetId },
      );
      const answer = await gateway.query(EVENTS, {});
      expect(answer.text).not.toContain('c0rrect-horse');
      const [update, renamed] = answer.data.auditEvents.nodes;
      expect(update.changes).toEqual([
        { attribute: 'secrets.bindPassword', before: '********', after: '********' },
      ]);
      expect(renamed).toMatchObject({
        syncRule: { id: rule.id },
        changes: [{ attribute: 'name', before: 'Entra', after: 'Okta' }],
      });
    });

    it('has nothing of what was refused, only looked, or changed nothing', async () => {
      const targetId = await createTarget(gateway, 'Phone book');
      const rule = await createRule(gateway, 'Entra', [targetId]);
      await gateway.data(
        `mutation ($rule: ID!, $target: ID!) {
          syncRuleEnable(id: $rule) { userErrors { message } }
          syncRuleUpdate(id: $rule, input: { name: "" }) { userErrors { message } }
          targetTest(id: $target) { userErrors { message } }
          targetResume(id: $target) { userErrors { message } }
        }`,
        { rule: rule.id, target: targetId },
      );
      expect((await events()).nodes).toHaveLength(2);
      expect(await openIntents(gateway)).toBe(0);
    });

    it('is read page by page, and by what is asked for', async () => {
      const targetId = await createTarget(gateway, 'Phone book');
      const rule = await createRule(gateway, 'Entra', [targetId]);
      const pause = `mutation ($id: ID!) { targetPause(id: $id) { userErrors { message } } }`;
      await gateway.data(pause, { id: targetId });
      const first = await events({}, { first: 2 });
      expect(first.nodes.map((one: { action: string }) => one.action)).toEqual([
        'targetPause',
        'syncRuleCreate',
      ]);
      const rest = await events({}, { first: 2, after: first.pageInfo.endCursor });
      expect(rest.nodes.map((one: { action: string }) => one.action)).toEqual(['targetCreate']);
      expect(rest.pageInfo.hasNextPage).toBe(false);
      const named = async (filter: object): Promise<readonly string[]> =>
        (await events(filter)).nodes.map((one: { action: string }) => one.action);
      expect(await named({ ruleId: rule.id })).toEqual(['syncRuleCreate']);
      expect(await named({ targetId })).toEqual(['targetPause', 'targetCreate']);
      expect(await named({ actions: ['targetCreate', 'syncRuleCreate'] })).toEqual([
        'syncRuleCreate',
        'targetCreate',
      ]);
      expect(await named({ category: 'DELIVERY' })).toEqual([]);
      expect(await named({ until: '2020-01-01T00:00:00Z' })).toEqual([]);
      expect(await named({ since: '2020-01-01T00:00:00Z', outcomes: ['DONE'] })).toHaveLength(3);
      const [newest] = first.nodes;
      const { node } = await gateway.data(
        `query ($id: ID!) { node(id: $id) { id ... on AuditEvent { action } } }`,
        { id: newest.id },
      );
      expect(node).toEqual({ id: newest.id, action: 'targetPause' });
    });

    it('has a command whose process ended in the middle, with an unknown outcome', async () => {
      const { audit } = gateway.world;
      const at = new Date(Date.now() - 600_000);
      const actor = { type: 'API_KEY', name: 'gone' } as const;
      const intent = { id: 'intent-1', at, chain: 'gateway', actor, input: '{}' } as const;
      await audit?.intents.begin({
        ...intent,
        category: 'COMMAND',
        action: 'targetDelete',
        outcome: 'DONE',
      });
      expect(await audit?.intents.settle(new Date(Date.now() - 300_000), 10)).toBe(1);
      expect(await audit?.intents.settle(new Date(), 10)).toBe(0);
      expect((await events()).nodes).toMatchObject([
        { action: 'targetDelete', outcome: 'UNKNOWN' },
      ]);
    });
  });
}

async function openIntents({ world }: Gateway): Promise<number> {
  return (await world.audit?.intents.settle(new Date(Date.now() + 1_000), 10)) ?? 0;
}
