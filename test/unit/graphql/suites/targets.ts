/** What administrators do to targets, and to the targets of a rule. */
import { createRule, createTarget, Gateway, type OpenWorld } from '../gateway';

const UPDATE = `mutation ($id: ID!, $input: TargetUpdateInput!) {
  targetUpdate(id: $id, input: $input) {
    target { name settings secretsSet version }
    userErrors { code message field }
  }
}`;

const DELETE = `mutation ($id: ID!, $force: Boolean!) {
  targetDelete(id: $id, force: $force) { deletedId userErrors { code message field } }
}`;

const UPDATE_RULE = `mutation ($id: ID!, $input: SyncRuleUpdateInput!) {
  syncRuleUpdate(id: $id, input: $input) {
    syncRule {
      version
      syncAs { target { id } onDelete mappingOverrides { attribute expression apply } }
      rollouts { target { id } onRemoved }
    }
    warnings { message field }
    userErrors { code message field }
  }
}`;

export function targetSuite(openWorld: OpenWorld): void {
  describe('targets', () => {
    let gateway: Gateway;
    let id: string;

    beforeEach(async () => {
      gateway = await Gateway.open(openWorld);
      id = await createTarget(gateway, 'Phone book');
    });
    afterEach(() => gateway.close());

    const update = async (input: object) =>
      (await gateway.data(UPDATE, { id, input })).targetUpdate;
    const remove = async (force = false) =>
      (await gateway.data(DELETE, { id, force })).targetDelete;
    const stored = async () => (await gateway.world.targets.all())[0];
    const updateRule = async (rule: string, input: object) =>
      (await gateway.data(UPDATE_RULE, { id: rule, input })).syncRuleUpdate;

    describe('targetUpdate', () => {
      it('changes the name alone, and keeps what is not mentioned', async () => {
        const { target, userErrors } = await update({ name: ' Blue book ' });
        expect(userErrors).toEqual([]);
        expect(target).toEqual({
          name: 'Blue book',
          settings: { port: 389, url: 'ldap://phonebook.example' },
          secretsSet: ['bindPassword'],
          version: 2,
        });
        expect((await stored())?.secrets).toEqual({ bindPassword: 'Tr0ub4dor' });
      });

      it('replaces the settings and has them checked together with the kept secrets', async () => {
        const { target } = await update({ settings: { url: 'ldap://other.example' } });
        expect(target.settings).toEqual({ port: 389, url: 'ldap://other.example' });
        expect((await stored())?.secrets).toEqual({ bindPassword: 'Tr0ub4dor' });
        expect(gateway.world.delivery.changedTargets).toHaveLength(1);
      });

      it('sets single secrets, and removes those that are null', async () => {
        await update({ secrets: { token: 'abc' } });
        expect((await stored())?.secrets).toEqual({ bindPassword: 'Tr0ub4dor', token: 'abc' });
        await update({ secrets: { token: null } });
        expect((await stored())?.secrets).toEqual({ bindPassword: 'Tr0ub4dor' });
      });

      it('tells everything that is wrong, and changes nothing', async () => {
        const { target, userErrors } = await update({
          name: '',
          settings: {},
          secrets: { bindPassword: null },
        });
        expect(target).toBeNull();
        expect(
          userErrors.map(({ code, field }: { code: string; field: string[] }) => [code, field]),
        ).toEqual([
          ['REQUIRED', ['name']],
          ['INVALID', ['settings', 'url']],
          ['INVALID', ['secrets', 'bindPassword']],
        ]);
        expect((await stored())?.version).toBe(1);
      });

      it('refuses a version that is no longer current, a name that is taken and a target that is not there', async () => {
        await createTarget(gateway, 'Yellow book');
        expect((await update({ name: 'x', expectedVersion: 7 })).userErrors).toMatchObject([
          { code: 'CONFLICT', field: ['expectedVersion'] },
        ]);
        expect((await update({ name: 'YELLOW BOOK' })).userErrors).toMatchObject([
          { code: 'TAKEN', field: ['name'] },
        ]);
        const { targetUpdate } = await gateway.data(UPDATE, {
          id: 'nothing',
          input: { name: 'x' },
        });
        expect(targetUpdate.userErrors).toMatchObject([{ code: 'NOT_FOUND', field: ['id'] }]);
      });

      it('limits how fast it is delivered to, and refuses what is no limit', async () => {
        const limit = async (deliveryLimits: object) =>
          (
            await gateway.data(
              `mutation ($id: ID!, $input: TargetUpdateInput!) {
               targetUpdate(id: $id, input: $input) {
                 target { deliveryLimits { maxConcurrency maxPerSecond } }
                 userErrors { code field }
               }
             }`,
              { id, input: { deliveryLimits } },
            )
          ).targetUpdate;
        const { target } = await limit({ maxConcurrency: 2, maxPerSecond: 50 });
        expect(target.deliveryLimits).toEqual({ maxConcurrency: 2, maxPerSecond: 50 });
        expect(await limit({ maxConcurrency: 0, maxPerSecond: 10_001 })).toEqual({
          target: null,
          userErrors: [
            { code: 'INVALID', field: ['deliveryLimits', 'maxConcurrency'] },
            { code: 'INVALID', field: ['deliveryLimits', 'maxPerSecond'] },
          ],
        });
        await update({ name: 'Same limits' });
        expect((await stored())?.deliveryLimits).toEqual({ maxConcurrency: 2, maxPerSecond: 50 });
        expect((await limit({ maxPerSecond: null })).target.deliveryLimits).toEqual({
          maxConcurrency: null,
          maxPerSecond: null,
        });
      });

      it('refuses another directory while a rule uses the target, unless it is said to have moved', async () => {
        const settings = { url: 'ldap://phonebook.example', base: 'elsewhere' };
        await createRule(gateway, 'Rule', [id]);
        expect((await update({ settings })).userErrors).toMatchObject([
          { code: 'IMMUTABLE', field: ['settings'], message: expect.stringMatching(/elsewhere/) },
        ]);
        expect((await update({ settings, sameDirectory: true })).userErrors).toEqual([]);
      });
    });

    describe('targetDelete', () => {
      it('deletes a target that nobody uses', async () => {
        expect(await remove()).toEqual({ deletedId: id, userErrors: [] });
        expect(await gateway.world.targets.all()).toEqual([]);
      });

      it('names the rules that use it, and with force takes it out of them', async () => {
        const other = await createTarget(gateway, 'Other');
        await createRule(gateway, 'First rule', [id, other]);
        const { userErrors } = await remove();
        expect(userErrors).toMatchObject([
          { code: 'IN_USE', field: ['id'], message: expect.stringMatching(/"First rule"/) },
        ]);
        expect((await stored())?.deletedAt).toBeUndefined();
        expect((await remove(true)).userErrors).toEqual([]);
        const [rule] = (await gateway.world.syncRules.list({ limit: 1 })).items;
        expect(rule?.syncAs).toHaveLength(1);
        expect(rule?.rollouts).toMatchObject([{ onRemoved: 'KEEP' }]);
        expect(await gateway.world.targets.all()).toHaveLength(1);
      });

      it('leaves no rule without a target, not even with force', async () => {
        await createRule(gateway, 'First rule', [id]);
        expect((await remove(true)).userErrors).toMatchObject([{ code: 'IN_USE' }]);
        expect(await gateway.world.targets.all()).toHaveLength(1);
      });

      it('lets no rule begin to use a target that is about to go', async () => {
        const rule = await createRule(gateway, 'Rule', [await createTarget(gateway, 'Other')]);
        const key = (await gateway.world.targets.list({ limit: 1, search: 'Phone' })).items[0]?.id;
        await gateway.world.targets.setDeleted(key ?? '', true);
        const { userErrors } = await updateRule(rule.id, { syncAs: [{ targetId: id }] });
        expect(userErrors).toMatchObject([
          { code: 'NOT_FOUND', field: ['syncAs', '0', 'targetId'] },
        ]);
      });
    });

    it('shows since when a target is paused', async () => {
      const paused = await gateway.query(
        'mutation ($id: ID!) { targetPause(id: $id) { target { pausedAt version } userErrors { code } } }',
        { id },
        gateway.tokens.OPERATOR,
      );
      expect(paused.data.targetPause).toEqual({
        target: { pausedAt: expect.any(String), version: 1 },
        userErrors: [],
      });
      const { targetResume } = await gateway.data(
        'mutation ($id: ID!) { targetResume(id: $id) { target { pausedAt } userErrors { code } } }',
        { id },
      );
      expect(targetResume).toEqual({ target: { pausedAt: null }, userErrors: [] });
      expect(gateway.world.delivery.changedTargets).toHaveLength(2);
    });

    it('tries settings that are not saved, with the secrets of a target that is', async () => {
      const test = `mutation ($input: TargetSettingsTestInput!) {
      targetSettingsTest(input: $input) {
        settings
        defaultMapping { user { attribute expression apply } }
        steps { state remedy }
        userErrors { code field }
      }
    }`;
      const settings = { url: 'ldap://unreachable.example' };
      const input = { connector: 'phonebook', settings };
      const alone = (await gateway.data(test, { input })).targetSettingsTest;
      expect(alone.userErrors).toEqual([{ code: 'INVALID', field: ['secrets', 'bindPassword'] }]);
      const { targetSettingsTest } = await gateway.data(test, {
        input: { ...input, targetId: id },
      });
      expect(targetSettingsTest).toEqual({
        settings: { port: 389, ...settings },
        defaultMapping: {
          user: [{ attribute: 'name', expression: 'userName', apply: 'AUTHORITATIVE' }],
        },
        steps: [
          { state: 'OK', remedy: null },
          { state: 'FAILED', remedy: 'Start the directory.' },
        ],
        userErrors: [],
      });
      expect(await gateway.world.targets.all()).toHaveLength(1);
      const denied = await gateway.query(test, { input }, gateway.tokens.OPERATOR);
      expect(denied.errors[0]?.extensions['code']).toBe('FORBIDDEN');
    });

    it('shows the default mapping and the schema of a target, the latter to operators', async () => {
      const query = `query ($id: ID!) { target(id: $id) {
      defaultMapping { user { attribute } }
      schema { isOpen user { name required maxLength } }
    } }`;
      const { target } = await gateway.data(query, { id });
      expect(target).toEqual({
        defaultMapping: { user: [{ attribute: 'name' }] },
        schema: { isOpen: false, user: [{ name: 'name', required: true, maxLength: 64 }] },
      });
      const denied = await gateway.query(query, { id }, gateway.tokens.AUDITOR);
      expect(denied.data.target.schema).toBeNull();
      expect(denied.errors[0]?.extensions['code']).toBe('FORBIDDEN');
      await update({ settings: { url: 'ldap://unreachable.example' } });
      const down = await gateway.query(query, { id });
      expect(down.errors[0]?.extensions['code']).toBe('SERVICE_UNAVAILABLE');
      expect(down.data.target.defaultMapping.user).toHaveLength(1);
    });

    describe('syncRuleUpdate of the targets', () => {
      it('begins to roll out what is otherwise than before, and nothing else', async () => {
        const [second, third] = [
          await createTarget(gateway, 'Second'),
          await createTarget(gateway, 'Third'),
        ];
        const rule = await createRule(gateway, 'Rule', [id, second]);
        const same = await updateRule(rule.id, {
          syncAs: [{ targetId: id }, { targetId: second }],
        });
        expect(same.syncRule.rollouts).toEqual([]);
        const { syncRule, userErrors } = await updateRule(rule.id, {
          onRemoved: 'DISABLE',
          expectedVersion: 2,
          syncAs: [
            { targetId: id, mappingOverrides: [{ attribute: 'name', expression: 'displayName' }] },
            { targetId: third },
          ],
        });
        expect(userErrors).toEqual([]);
        const byTarget = new Map(
          syncRule.rollouts.map((one: { target: { id: string }; onRemoved: string | null }) => [
            one.target.id,
            one.onRemoved,
          ]),
        );
        expect(byTarget).toEqual(
          new Map([
            [id, null],
            [third, null],
            [second, 'DISABLE'],
          ]),
        );
        expect(syncRule.syncAs[0].mappingOverrides).toEqual([
          { attribute: 'name', expression: 'displayName', apply: null },
        ]);
        expect(gateway.world.delivery.changedRules.length).toBeGreaterThan(0);
      });

      it('warns of attributes that the directory does not have, where they stand in the input', async () => {
        const rule = await createRule(gateway, 'Rule', [id]);
        const mapping = [
          { attribute: 'name', expression: 'userName' },
          { attribute: 'nmae', expression: 'userName' },
        ];
        const { warnings } = await updateRule(rule.id, { syncAs: [{ targetId: id, mapping }] });
        expect(warnings).toEqual([
          { message: 'No nmae.', field: ['syncAs', '0', 'mapping', '1', 'attribute'] },
        ]);
      });

      it('refuses wrong targets and an old version, and changes nothing', async () => {
        const rule = await createRule(gateway, 'Rule', [id]);
        const wrong = await updateRule(rule.id, {
          expectedVersion: 9,
          syncAs: [{ targetId: id, mapping: [{ attribute: 'name', expression: '' }] }],
        });
        expect(wrong.userErrors).toMatchObject([
          { code: 'CONFLICT', field: ['expectedVersion'] },
          { code: 'INVALID', field: ['syncAs', '0', 'mapping', '0', 'expression'] },
        ]);
        const none = await updateRule(rule.id, { syncAs: [] });
        expect(none.userErrors).toMatchObject([{ code: 'REQUIRED', field: ['syncAs'] }]);
        const [stillThere] = (await gateway.world.syncRules.list({ limit: 1 })).items;
        expect(stillThere).toMatchObject({ version: 1 });
      });
    });
  });
}
