/** What commands on rules do when something happens in between. */
import {
  type Administration,
  createAdministration,
} from '../../../src/administration/administration';
import { type SyncRuleDraft } from '../../../src/domain/sync-rule';
import { memoryWorld, type World } from '../../support/memory-administration';

describe('sync rules', () => {
  let world: World;
  let administration: Administration;
  let draft: SyncRuleDraft;
  beforeEach(async () => {
    world = await memoryWorld();
    administration = createAdministration(world, () => new Date());
    const { value } = await administration.targets.create({
      name: 'Directory',
      connector: 'phonebook',
      settings: { url: 'ldap://phonebook.example' },
      secrets: { bindPassword: 'x' },
    });
    draft = {
      name: 'Entra',
      enabled: true,
      syncAs: [
        {
          targetId: value?.id ?? '',
          onDeactivate: 'DISABLE',
          onDelete: 'DELETE',
          correlation: { attributes: [], policy: 'ADOPT' },
        },
      ],
    };
  });

  it('have tidy names', async () => {
    const { value } = await administration.syncRules.create({ ...draft, name: '  Cafe\u0301 ' });
    expect(value?.rule.name).toBe('Caf\u00e9');
  });

  it('do not stay behind when their credential cannot be kept', async () => {
    world.credentials.addRuleCredential = async () => Promise.reject(new Error('disk full'));
    await expect(administration.syncRules.create(draft)).rejects.toThrow('disk full');
    const { items } = await world.syncRules.list({ limit: 10 });
    expect(items).toMatchObject([{ name: 'Entra', deletion: 'KEEP' }]);
    expect(world.delivery.deletedRules).toEqual([items[0]?.id]);
  });

  it('let a failing store through, and report no issue', async () => {
    world.syncRules.insert = async () => Promise.reject(new Error('disk full'));
    await expect(administration.syncRules.create(draft)).rejects.toThrow('disk full');
  });

  it('tell who changed a token at the same moment as somebody else', async () => {
    const { value } = await administration.syncRules.create(draft);
    const id = value?.rule.id ?? '';
    const outcomes = await Promise.all([
      administration.syncRules.changeSecretToken(id),
      administration.syncRules.changeSecretToken(id),
    ]);
    const inForce = await world.credentials.ruleCredentials(id);
    for (const outcome of outcomes) {
      const shown = outcome.value?.secretToken.slice(-4);
      const works = inForce.some((one) => one.hint === shown);
      expect(outcome.issues?.[0]?.code ?? works).toBe(works ? true : 'CONFLICT');
    }
    const again = await administration.syncRules.changeSecretToken(id);
    expect(again.issues).toBeUndefined();
    expect(await world.credentials.ruleCredentials(id)).toHaveLength(1);
  });

  it('get a new user name when every earlier credential has ended', async () => {
    const { value } = await administration.syncRules.create(draft);
    const id = value?.rule.id ?? '';
    await world.credentials.expireRuleCredentials(id, 'none', new Date(0));
    const changed = await administration.syncRules.changeSecretToken(id);
    expect(changed.value?.basicKey).toMatch(/^[0-9a-f]{12}$/);
    expect(changed.value?.basicKey).not.toBe(value?.basicKey);
  });

  it('shorten an overlap that still runs, and never lengthen it', async () => {
    const { value } = await administration.syncRules.create(draft);
    const id = value?.rule.id ?? '';
    await administration.syncRules.changeSecretToken(id, 60);
    await administration.syncRules.changeSecretToken(id, 3_600);
    const ends = (await world.credentials.ruleCredentials(id)).map((one) =>
      one.expiresAt === undefined ? Infinity : (one.expiresAt.getTime() - Date.now()) / 1_000,
    );
    expect(ends).toHaveLength(3);
    expect(ends[0]).toBeLessThanOrEqual(60);
    expect(ends[1]).toBeGreaterThan(60);
    expect(ends[2]).toBe(Infinity);
  });

  it('have held deliveries delivered again when enabling is repeated', async () => {
    const { value } = await administration.syncRules.create(draft);
    const id = value?.rule.id ?? '';
    await administration.syncRules.enable(id);
    expect(world.delivery.enabledRules).toEqual([id]);
  });
});
