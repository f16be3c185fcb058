/** The guards of API keys, and the first key of all. */
import { ApiKeys, roleIncludes } from '../../../src/administration/api-keys';
import { type ApiKey } from '../../../src/domain/credential';
import { hashToken } from '../../../src/domain/secret-token';
import { MemoryCredentialStore } from '../../support/memory-administration';

const CONFIGURED = 'a-configured-administrator-key-of-enough-length';

describe('API keys', () => {
  let store: MemoryCredentialStore;
  let now: Date;
  let apiKeys: ApiKeys;
  beforeEach(() => {
    store = new MemoryCredentialStore();
    now = new Date('2026-03-01T12:00:00Z');
    apiKeys = new ApiKeys(store, () => now);
  });

  /** The key of a bootstrap token. */
  async function administrator(): Promise<ApiKey> {
    const token = (await apiKeys.ensureBootstrapKey()) ?? '';
    const authenticated = await apiKeys.authenticate(token);
    if (authenticated === undefined) throw new Error('No bootstrap key.');
    return authenticated.key;
  }

  it('rank the roles', () => {
    expect(roleIncludes('ADMINISTRATOR', 'AUDITOR')).toBe(true);
    expect(roleIncludes('OPERATOR', 'OPERATOR')).toBe(true);
    expect(roleIncludes('AUDITOR', 'OPERATOR')).toBe(false);
  });

  it('end when they expire', async () => {
    const creator = await administrator();
    const expiresAt = new Date(now.getTime() + 1_000);
    const { value } = await apiKeys.create({ name: 'Brief', role: 'OPERATOR', expiresAt }, creator);
    expect(await apiKeys.authenticate(value?.token ?? '')).toBeDefined();
    now = expiresAt;
    expect(await apiKeys.authenticate(value?.token ?? '')).toBeUndefined();
  });

  it('are never of a higher role than the key that makes them', async () => {
    const creator = await administrator();
    const { value } = await apiKeys.create({ name: 'Operator', role: 'OPERATOR' }, creator);
    const operator = value?.key;
    if (operator === undefined) throw new Error('No key.');
    const refused = await apiKeys.create({ name: 'Climber', role: 'ADMINISTRATOR' }, operator);
    expect(refused.issues).toMatchObject([{ code: 'INVALID', path: ['role'] }]);
    expect(await store.apiKeys()).toHaveLength(2);
    const allowed = await apiKeys.create({ name: 'Peer', role: 'OPERATOR' }, operator);
    expect(allowed.issues).toBeUndefined();
  });

  it('keep their token to themselves', async () => {
    const creator = await administrator();
    const { value } = await apiKeys.create({ name: 'Quiet', role: 'AUDITOR' }, creator);
    const token = value?.token ?? '';
    expect(value?.key).not.toHaveProperty('token');
    expect(JSON.stringify(await store.apiKeys())).not.toContain(token);
    expect((await store.findApiKey(hashToken(token)))?.name).toBe('Quiet');
  });

  it('of administrators cannot end each other at the same moment', async () => {
    const first = await administrator();
    const { value } = await apiKeys.create({ name: 'Second', role: 'ADMINISTRATOR' }, first);
    const second = value?.key;
    if (second === undefined) throw new Error('No key.');
    const outcomes = await Promise.all([
      apiKeys.revoke(second.id, first),
      apiKeys.revoke(first.id, second),
    ]);
    expect(outcomes.map((outcome) => outcome.issues?.[0]?.code)).toEqual([undefined, 'LAST_ADMIN']);
  });

  it('that expired do not count as an administrator left', async () => {
    const first = await administrator();
    const expiresAt = new Date(now.getTime() + 1_000);
    await apiKeys.create({ name: 'Brief', role: 'ADMINISTRATOR', expiresAt }, first);
    now = expiresAt;
    const { issues } = await apiKeys.revoke(first.id, first);
    expect(issues).toMatchObject([{ code: 'LAST_ADMIN' }]);
  });

  describe('at the start', () => {
    it('are generated once, when there is no administrator', async () => {
      const token = await apiKeys.ensureBootstrapKey();
      expect(token).toMatch(/^usher_admin_/);
      expect((await apiKeys.authenticate(token ?? ''))?.key.role).toBe('ADMINISTRATOR');
      expect(await apiKeys.ensureBootstrapKey()).toBeUndefined();
      expect(await store.apiKeys()).toHaveLength(1);
    });

    it('are generated again when the only administrator expired', async () => {
      const creator = await administrator();
      const expiresAt = new Date(now.getTime() + 1_000);
      await apiKeys.create({ name: 'Brief', role: 'ADMINISTRATOR', expiresAt }, creator);
      await store.revokeApiKey(creator.id);
      now = expiresAt;
      expect(await apiKeys.ensureBootstrapKey()).toMatch(/^usher_admin_/);
    });

    it('are the configured one, however often Usher starts', async () => {
      expect(await apiKeys.ensureBootstrapKey(CONFIGURED)).toBeUndefined();
      expect(await apiKeys.ensureBootstrapKey(CONFIGURED)).toBeUndefined();
      expect((await apiKeys.authenticate(CONFIGURED))?.key).toMatchObject({
        name: 'ADMIN_API_KEY',
        role: 'ADMINISTRATOR',
        hint: 'ngth',
      });
      expect(await store.apiKeys()).toHaveLength(1);
    });

    it('are the configured one in two processes that start at the same moment', async () => {
      const other = new ApiKeys(store, () => now);
      await Promise.all([
        apiKeys.ensureBootstrapKey(CONFIGURED),
        other.ensureBootstrapKey(CONFIGURED),
      ]);
      expect(await store.apiKeys()).toHaveLength(1);
    });

    it('replace the configured one of before', async () => {
      await apiKeys.ensureBootstrapKey(CONFIGURED);
      await apiKeys.ensureBootstrapKey(`${CONFIGURED}-renewed`);
      expect(await apiKeys.authenticate(CONFIGURED)).toBeUndefined();
      expect(await apiKeys.authenticate(`${CONFIGURED}-renewed`)).toBeDefined();
    });

    it('refuse a configured key that is easy to guess', async () => {
      await expect(apiKeys.ensureBootstrapKey('short')).rejects.toMatchObject({
        code: 'invalidValue',
        field: 'ADMIN_API_KEY',
        message: 'ADMIN_API_KEY has at least 32 characters.',
      });
      expect(await store.apiKeys()).toEqual([]);
    });

    it('do not let a revoked configured key back in', async () => {
      await apiKeys.ensureBootstrapKey(CONFIGURED);
      const [configured] = await store.apiKeys();
      if (configured === undefined) throw new Error('No key.');
      const { value } = await apiKeys.create({ name: 'Own', role: 'ADMINISTRATOR' }, configured);
      if (value === undefined) throw new Error('No key.');
      await apiKeys.revoke(configured.id, value.key);
      await apiKeys.ensureBootstrapKey(CONFIGURED);
      expect(await apiKeys.authenticate(CONFIGURED)).toBeUndefined();

      await store.revokeApiKey(value.key.id);
      await expect(apiKeys.ensureBootstrapKey(CONFIGURED)).rejects.toThrow(/Set another one/);
    });
  });
});
