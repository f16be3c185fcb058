/** Every mutation: what it does, and every mistake it tells. */
import { hashToken } from '../../../../src/domain/secret-token';
import { parseNodeId, toNodeId } from '../../../../src/graphql/node-id';
import { createRule, createTarget, Gateway, type OpenWorld } from '../gateway';

const ERRORS = 'userErrors { code message field }';
const NOWHERE = toNodeId('SyncRule', '00000000-0000-7000-8000-000000000000');

function keyIn(id: string): string {
  return parseNodeId(id)?.key ?? '';
}

export function commandSuite(openWorld: OpenWorld): void {
  describe('commands', () => {
    let gateway: Gateway;
    let targetId: string;
    beforeAll(async () => {
      gateway = await Gateway.open(openWorld);
      targetId = await createTarget(gateway, 'Directory');
    });
    afterAll(() => gateway.close());

    describe('targetCreate', () => {
      const create = async (input: object) =>
        (
          await gateway.data(
            `mutation ($input: TargetCreateInput!) {
               targetCreate(input: $input) {
                 target { id name connector connectorType { title } settings secretsSet ruleCount version createdAt updatedAt }
                 ${ERRORS}
               }
             }`,
            { input },
          )
        ).targetCreate;
      const good = {
        name: ' Phones of Oslo ',
        connector: 'phonebook',
        settings: { url: 'ldap://oslo.example' },
        secrets: { bindPassword: 'Tr0ub4dor' },
      };

      it('configures a directory and never shows its secrets', async () => {
        const { target, userErrors } = await create(good);
        expect(userErrors).toEqual([]);
        expect(target).toMatchObject({
          name: 'Phones of Oslo',
          connector: 'phonebook',
          connectorType: { title: 'Phone book' },
          settings: { url: 'ldap://oslo.example', port: 389 },
          secretsSet: ['bindPassword'],
          ruleCount: 0,
          version: 1,
        });
        const stored = await gateway.world.targets.find(keyIn(target.id));
        expect(stored?.secrets).toEqual({ bindPassword: 'Tr0ub4dor' });
      });

      it('tells everything that is wrong at once, by field', async () => {
        const { target, userErrors } = await create({
          ...good,
          name: '  ',
          settings: { url: 5 },
          secrets: null,
        });
        expect(target).toBeNull();
        expect(userErrors).toEqual([
          { code: 'REQUIRED', message: 'Give it a name.', field: ['name'] },
          { code: 'INVALID', message: 'A URL is needed.', field: ['settings', 'url'] },
          { code: 'INVALID', message: 'A password is needed.', field: ['secrets', 'bindPassword'] },
        ]);
      });

      it('refuses names that are taken, too long or not of letters, and unknown connectors', async () => {
        expect((await create({ ...good, name: 'dIRECTORY' })).userErrors).toMatchObject([
          { code: 'TAKEN', field: ['name'] },
        ]);
        expect((await create({ ...good, name: 'x'.repeat(101) })).userErrors).toMatchObject([
          { code: 'INVALID', field: ['name'] },
        ]);
        expect((await create({ ...good, name: 'a\nb' })).userErrors).toMatchObject([
          { code: 'INVALID', field: ['name'] },
        ]);
        const unknown = await create({ ...good, name: 'New', connector: 'fax' });
        expect(unknown.userErrors).toMatchObject([{ code: 'INVALID', field: ['connector'] }]);
        expect(unknown.userErrors[0].message).toContain('phonebook');
      });
    });

    describe('targetTest', () => {
      const test = async (id: string) =>
        (
          await gateway.data(
            `mutation ($id: ID!) {
               targetTest(id: $id) { target { name } steps { name state message remedy } ${ERRORS} }
             }`,
            { id },
          )
        ).targetTest;

      it('answers the steps', async () => {
        const { target, steps, userErrors } = await test(targetId);
        expect(userErrors).toEqual([]);
        expect(target.name).toBe('Directory');
        expect(steps.map((step: { state: string }) => step.state)).toEqual(['OK', 'OK']);
      });

      it('reports an unreachable directory as a finding', async () => {
        const stored = await gateway.world.targets.insert({
          name: 'Broken',
          connector: 'phonebook',
          settings: { url: 'ldap://unreachable.example' },
          secrets: {},
        });
        const { steps, userErrors } = await test(toNodeId('Target', stored.id));
        expect(userErrors).toEqual([]);
        expect(steps[1]).toMatchObject({ state: 'FAILED', remedy: 'Start the directory.' });
      });

      it('says NOT_FOUND of ids of nothing and of other types', async () => {
        for (const id of ['', 'garbage', NOWHERE, toNodeId('Target', 'none')]) {
          expect((await test(id)).userErrors).toMatchObject([{ code: 'NOT_FOUND', field: ['id'] }]);
        }
      });
    });

    describe('syncRuleCreate', () => {
      const create = async (input: object) =>
        (
          await gateway.data(
            `mutation ($input: SyncRuleCreateInput!) {
               syncRuleCreate(input: $input) {
                 syncRule {
                   id name enabled scimBaseUrl version deletion lastSyncAt lastSyncFrom
                   credentials { basicKey hint expiresAt lastUsedAt }
                   bindingCounts { total parked }
                   syncAs {
                     target { id } scopeFilter onDeactivate onDelete
                     mapping { attribute expression apply } groupMapping { attribute }
                     correlation { attributes policy }
                   }
                 }
                 secretToken basicKey ${ERRORS}
               }
             }`,
            { input },
          )
        ).syncRuleCreate;

      it('makes a rule with defaults, and shows its token once', async () => {
        const { syncRule, secretToken, basicKey, userErrors } = await create({
          name: 'Entra',
          syncAs: [{ targetId }],
        });
        expect(userErrors).toEqual([]);
        expect(secretToken).toMatch(/^usher_scim_[\w-]{43}$/);
        expect(basicKey).toMatch(/^[0-9a-f]{12}$/);
        expect(syncRule).toMatchObject({
          name: 'Entra',
          enabled: true,
          scimBaseUrl: 'https://usher.example/scim/v2',
          version: 1,
          deletion: null,
          lastSyncAt: null,
          credentials: [{ basicKey, hint: secretToken.slice(-4), expiresAt: null }],
          bindingCounts: { total: 0, parked: 0 },
          syncAs: [
            {
              target: { id: targetId },
              scopeFilter: null,
              onDeactivate: 'DISABLE',
              onDelete: 'DELETE',
              mapping: null,
              groupMapping: null,
              correlation: { attributes: [], policy: 'ADOPT' },
            },
          ],
        });
        const kept = await gateway.world.credentials.findRuleCredential(hashToken(secretToken));
        expect(kept?.ruleId).toBe(keyIn(syncRule.id));
        expect(JSON.stringify(kept)).not.toContain(secretToken);
      });

      it('keeps every policy as it is given', async () => {
        const { syncRule } = await create({
          name: 'Okta',
          enabled: false,
          syncAs: [
            {
              targetId,
              scopeFilter: 'active eq true',
              mapping: [{ attribute: 'uid', expression: 'lower(userName)', apply: 'INITIAL' }],
              groupMapping: [{ attribute: 'cn', expression: 'displayName' }],
              onDeactivate: 'KEEP',
              onDelete: 'DISABLE',
              correlation: { attributes: ['mail'], policy: 'FAIL' },
            },
          ],
        });
        const rule = await gateway.world.syncRules.find(keyIn(syncRule.id));
        expect(rule).toMatchObject({ enabled: false });
        expect(rule?.syncAs).toEqual([
          {
            targetId: keyIn(targetId),
            scopeFilter: 'active eq true',
            userMapping: [{ attribute: 'uid', expression: 'lower(userName)', apply: 'INITIAL' }],
            groupMapping: [{ attribute: 'cn', expression: 'displayName', apply: 'AUTHORITATIVE' }],
            onDeactivate: 'KEEP',
            onDelete: 'DISABLE',
            correlation: { attributes: ['mail'], policy: 'FAIL' },
          },
        ]);
      });

      it('tells everything that is wrong at once, by the path in the input', async () => {
        const { syncRule, secretToken, userErrors } = await create({
          name: '',
          syncAs: [
            { targetId, scopeFilter: '(active' },
            { targetId: toNodeId('Target', 'none') },
            { targetId, mapping: [{ attribute: 'uid', expression: '' }] },
            { targetId: NOWHERE },
          ],
        });
        expect([syncRule, secretToken]).toEqual([null, null]);
        expect(
          userErrors.map(({ code, field }: { code: string; field: string[] }) => [code, field]),
        ).toEqual([
          ['REQUIRED', ['name']],
          ['INVALID', ['syncAs', '0', 'scopeFilter']],
          ['NOT_FOUND', ['syncAs', '1', 'targetId']],
          ['INVALID', ['syncAs', '2', 'targetId']],
          ['INVALID', ['syncAs', '2', 'mapping', '0', 'expression']],
          ['NOT_FOUND', ['syncAs', '3', 'targetId']],
        ]);
      });

      it('refuses a rule without targets, with too many, or with a taken name', async () => {
        expect((await create({ name: 'None', syncAs: [] })).userErrors).toMatchObject([
          { code: 'REQUIRED', field: ['syncAs'] },
        ]);
        const many = Array.from({ length: 51 }, () => ({ targetId }));
        expect((await create({ name: 'Many', syncAs: many })).userErrors).toMatchObject([
          { code: 'LIMIT_EXCEEDED', field: ['syncAs'] },
        ]);
        expect((await create({ name: 'ENTRA', syncAs: [{ targetId }] })).userErrors).toMatchObject([
          { code: 'TAKEN', field: ['name'] },
        ]);
      });
    });

    describe('syncRuleSecretTokenChange', () => {
      const change = async (id: string, input?: object) =>
        (
          await gateway.data(
            `mutation ($id: ID!, $input: SyncRuleSecretTokenChangeInput) {
               syncRuleSecretTokenChange(id: $id, input: $input) {
                 syncRule { credentials { hint expiresAt } } secretToken basicKey ${ERRORS}
               }
             }`,
            { id, input },
          )
        ).syncRuleSecretTokenChange;
      const accepted = async (token: string) =>
        (await gateway.world.credentials.findRuleCredential(hashToken(token))) !== undefined;

      it('voids the old token at once, and keeps the user name', async () => {
        const rule = await createRule(gateway, 'Change now', [targetId]);
        const changed = await change(rule.id);
        expect(changed.userErrors).toEqual([]);
        expect(changed.basicKey).toBe(rule.basicKey);
        expect(changed.secretToken).not.toBe(rule.secretToken);
        expect(changed.syncRule.credentials).toEqual([
          { hint: changed.secretToken.slice(-4), expiresAt: null },
        ]);
        expect(await accepted(rule.secretToken)).toBe(false);
        expect(await accepted(changed.secretToken)).toBe(true);
      });

      it('lets both work during the overlap', async () => {
        const rule = await createRule(gateway, 'Change slowly', [targetId]);
        const changed = await change(rule.id, { overlapSeconds: 3_600 });
        expect(await accepted(rule.secretToken)).toBe(true);
        expect(await accepted(changed.secretToken)).toBe(true);
        const old = changed.syncRule.credentials.find(
          (one: { hint: string }) => one.hint === rule.secretToken.slice(-4),
        );
        const seconds = (Date.parse(old.expiresAt) - Date.now()) / 1_000;
        expect(seconds).toBeGreaterThan(3_500);
        expect(seconds).toBeLessThanOrEqual(3_600);
      });

      it('refuses other rules, overlaps beyond a week, and rules under deletion', async () => {
        const rule = await createRule(gateway, 'Unchanged', [targetId]);
        for (const overlapSeconds of [-1, 604_801]) {
          expect((await change(rule.id, { overlapSeconds })).userErrors).toMatchObject([
            { code: 'INVALID', field: ['overlapSeconds'] },
          ]);
        }
        expect(await accepted(rule.secretToken)).toBe(true);
        expect((await change(NOWHERE, { overlapSeconds: -1 })).userErrors).toMatchObject([
          { code: 'NOT_FOUND', field: ['id'] },
          { code: 'INVALID', field: ['overlapSeconds'] },
        ]);
        await gateway.world.syncRules.startDeletion(keyIn(rule.id), 'KEEP');
        const refused = await change(rule.id);
        expect(refused.userErrors).toMatchObject([{ code: 'CONFLICT', field: ['id'] }]);
        expect(refused.secretToken).toBeNull();
      });
    });

    describe('syncRuleEnable and syncRuleDisable', () => {
      const command = async (name: string, id: string) =>
        (
          await gateway.data(
            `mutation ($id: ID!) { ${name}(id: $id) { syncRule { enabled version } ${ERRORS} } }`,
            { id },
          )
        )[name];

      it('switch the rule, and change nothing the second time', async () => {
        const { id } = await createRule(gateway, 'Switch', [targetId]);
        const states = [];
        for (const name of ['Disable', 'Disable', 'Enable', 'Enable']) {
          states.push((await command(`syncRule${name}`, id)).syncRule);
        }
        expect(states).toEqual([
          { enabled: false, version: 2 },
          { enabled: false, version: 2 },
          { enabled: true, version: 3 },
          { enabled: true, version: 3 },
        ]);
      });

      it('have held deliveries delivered when the rule is enabled', async () => {
        const { id } = await createRule(gateway, 'Held', [targetId]);
        await command('syncRuleDisable', id);
        expect(gateway.world.delivery.enabledRules).not.toContain(keyIn(id));
        await command('syncRuleEnable', id);
        expect(gateway.world.delivery.enabledRules).toContain(keyIn(id));
      });

      it('refuse what is not there or under deletion', async () => {
        const { id } = await createRule(gateway, 'Going', [targetId]);
        await gateway.world.syncRules.startDeletion(keyIn(id), 'KEEP');
        for (const name of ['syncRuleEnable', 'syncRuleDisable']) {
          const gone = await command(name, NOWHERE);
          expect(gone).toMatchObject({ syncRule: null, userErrors: [{ code: 'NOT_FOUND' }] });
          expect((await command(name, id)).userErrors).toMatchObject([{ code: 'CONFLICT' }]);
        }
      });
    });

    describe('syncRuleDelete', () => {
      const remove = async (id: string, onProvisioned: string) =>
        (
          await gateway.data(
            `mutation ($id: ID!, $onProvisioned: DeletePolicy!) {
               syncRuleDelete(id: $id, onProvisioned: $onProvisioned) {
                 deletedId syncRule { deletion credentials { hint } } ${ERRORS}
               }
             }`,
            { id, onProvisioned },
          )
        ).syncRuleDelete;

      it('revokes the token at once and starts the deletion; repeating is harmless', async () => {
        const rule = await createRule(gateway, 'Leaving', [targetId]);
        for (let time = 1; time <= 2; time += 1) {
          expect(await remove(rule.id, 'DISABLE')).toEqual({
            deletedId: rule.id,
            syncRule: { deletion: 'DISABLE', credentials: [] },
            userErrors: [],
          });
        }
        const kept = await gateway.world.credentials.findRuleCredential(
          hashToken(rule.secretToken),
        );
        expect(kept).toBeUndefined();
        expect(gateway.world.delivery.deletedRules).toContain(keyIn(rule.id));
      });

      it('refuses what is not there, and another policy than the one begun with', async () => {
        const rule = await createRule(gateway, 'Leaving twice', [targetId]);
        await remove(rule.id, 'KEEP');
        expect(await remove(rule.id, 'DELETE')).toMatchObject({
          deletedId: null,
          userErrors: [{ code: 'CONFLICT', field: ['onProvisioned'] }],
        });
        expect(await remove(NOWHERE, 'KEEP')).toMatchObject({
          deletedId: null,
          syncRule: null,
          userErrors: [{ code: 'NOT_FOUND', field: ['id'] }],
        });
      });
    });

    describe('bindingRetry', () => {
      const retry = async (id: string) =>
        (
          await gateway.data(
            `mutation ($id: ID!) { bindingRetry(id: $id) { binding { id state } ${ERRORS} } }`,
            { id },
          )
        ).bindingRetry;
      const bind = (state: 'PARKED' | 'HELD') =>
        gateway.world.bindings.put({
          id: `retry:${state}`,
          ruleId: 'rule',
          targetId: 'target',
          resourceId: 'resource',
          resourceType: 'User',
          state,
          generation: 2,
          observedGeneration: 1,
          attempts: 3,
        });

      it('delivers a parked binding again', async () => {
        const id = toNodeId('Binding', bind('PARKED').id);
        expect(await retry(id)).toEqual({ binding: { id, state: 'PENDING' }, userErrors: [] });
      });

      it('says why it cannot', async () => {
        expect((await retry(toNodeId('Binding', bind('HELD').id))).userErrors).toMatchObject([
          { code: 'CONFLICT', field: ['id'], message: expect.stringContaining('disabled') },
        ]);
        expect((await retry(NOWHERE)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
      });
    });
  });
}
