/** What a rule decides about entries, and what administrators decide about single ones. */
import { type Binding } from '../../../../src/domain/binding';
import { parseNodeId, toNodeId } from '../../../../src/graphql/node-id';
import { createTarget, Gateway, type OpenWorld } from '../gateway';

const CREATE = `mutation ($input: SyncRuleCreateInput!) {
  syncRuleCreate(input: $input) {
    syncRule { id syncAs { onDeactivate onDelete onLeaveScope deleteAfterDays } }
    userErrors { code message field }
  }
}`;

const BINDING = 'id state heldFor nextAttemptAt';

export function policySuite(openWorld: OpenWorld): void {
  describe('policies', () => {
    let gateway: Gateway;
    let targetId: string;

    beforeEach(async () => {
      gateway = await Gateway.open(openWorld);
      targetId = await createTarget(gateway, 'Phone book');
    });
    afterEach(() => gateway.close());

    const create = async (syncAs: object) =>
      (await gateway.data(CREATE, { input: { name: 'Rule', syncAs: [{ targetId, ...syncAs }] } }))
        .syncRuleCreate;

    const bind = (more: Partial<Binding>): string => {
      const binding = gateway.world.bindings.put({
        id: 'target:resource',
        ruleId: 'rule',
        targetId: 'target',
        resourceId: 'resource',
        resourceType: 'User',
        state: 'PARKED',
        generation: 2,
        observedGeneration: 1,
        attempts: 0,
        ...more,
      });
      return toNodeId('Binding', binding.id);
    };

    describe('policies of a target', () => {
      it('are those of deactivation on leaving the scope, and delete at once, unless said otherwise', async () => {
        const { syncRule } = await create({ onDeactivate: 'KEEP' });
        expect(syncRule.syncAs).toEqual([
          { onDeactivate: 'KEEP', onDelete: 'DELETE', onLeaveScope: 'KEEP', deleteAfterDays: 0 },
        ]);
      });

      it('are kept as they are given', async () => {
        const given = { onLeaveScope: 'DELETE', deleteAfterDays: 30 };
        const { syncRule } = await create(given);
        expect(syncRule.syncAs).toMatchObject([{ ...given, onDeactivate: 'DISABLE' }]);
        const rule = await gateway.world.syncRules.find(parseNodeId(syncRule.id)?.key ?? '');
        expect(rule?.syncAs).toMatchObject([given]);
      });

      it.each([-1, 3_651])('refuse a delay of %d days', async (deleteAfterDays) => {
        const { syncRule, userErrors } = await create({ deleteAfterDays });
        expect(syncRule).toBeNull();
        expect(userErrors).toEqual([
          {
            code: 'INVALID',
            field: ['syncAs', '0', 'deleteAfterDays'],
            message: 'A deletion waits 0 to 3650 days.',
          },
        ]);
      });
    });

    describe('bindingAdopt', () => {
      const candidates = ['one', 'gone', 'taken'].map((name) => ({ reference: `${name}-1`, name }));
      const adopt = async (id: string, reference: string) =>
        (
          await gateway.data(
            `mutation ($id: ID!, $reference: String!) {
             bindingAdopt(id: $id, reference: $reference) {
               binding { id state candidates { reference } }
               userErrors { code message field }
             }
           }`,
            { id, reference },
          )
        ).bindingAdopt;

      it('finds what is disputed, and takes one of the candidates', async () => {
        const id = bind({ candidates });
        bind({ id: 'target:other' });
        const { nodes } = (
          await gateway.data(
            '{ bindings(disputed: true) { nodes { id candidates { reference name } } } }',
          )
        ).bindings;
        expect(nodes).toEqual([{ id, candidates }]);
        expect(await adopt(id, 'one-1')).toEqual({
          binding: { id, state: 'PENDING', candidates: null },
          userErrors: [],
        });
      });

      it('says why it cannot', async () => {
        const id = bind({ candidates });
        const issue = async (binding: string, reference: string) =>
          (await adopt(binding, reference)).userErrors;
        expect(await issue(id, 'else')).toMatchObject([{ code: 'INVALID', field: ['reference'] }]);
        expect(await issue(id, 'gone-1')).toMatchObject([
          { code: 'NOT_FOUND', field: ['reference'] },
        ]);
        expect(await issue(id, 'taken-1')).toMatchObject([
          { code: 'CONFLICT', field: ['reference'] },
        ]);
        expect(await issue(bind({}), 'one-1')).toMatchObject([{ code: 'CONFLICT', field: ['id'] }]);
        const nobody = toNodeId('Binding', 'none');
        expect(await issue(nobody, 'one-1')).toMatchObject([{ code: 'NOT_FOUND', field: ['id'] }]);
      });
    });

    describe('bindingDeleteNow', () => {
      const deleteNow = async (id: string) =>
        (
          await gateway.data(
            `mutation ($id: ID!) {
             bindingDeleteNow(id: $id) { binding { ${BINDING} } userErrors { code message field } }
           }`,
            { id },
          )
        ).bindingDeleteNow;

      it('ends the wait that the binding shows', async () => {
        const nextAttemptAt = new Date('2030-01-01T00:00:00.000Z');
        const id = bind({ state: 'HELD', heldFor: 'DELETION_DELAY', nextAttemptAt });
        const { nodes } = (await gateway.data(`{ bindings { nodes { ${BINDING} } } }`)).bindings;
        expect(nodes).toEqual([
          {
            id,
            state: 'HELD',
            heldFor: 'DELETION_DELAY',
            nextAttemptAt: nextAttemptAt.toISOString(),
          },
        ]);
        expect(await deleteNow(id)).toMatchObject({
          binding: { id, state: 'PENDING', heldFor: null },
          userErrors: [],
        });
      });

      it('deletes nothing that does not wait for it', async () => {
        for (const id of [
          bind({ state: 'SYNCED' }),
          bind({ state: 'HELD', heldFor: 'RULE_DISABLED' }),
        ]) {
          expect((await deleteNow(id)).userErrors).toMatchObject([
            { code: 'CONFLICT', field: ['id'] },
          ]);
        }
        expect((await deleteNow(toNodeId('Binding', 'none'))).userErrors).toMatchObject([
          { code: 'NOT_FOUND', field: ['id'] },
        ]);
      });
    });
  });
}
