import { readConfig } from '../../../src/config';
import { createScimAuthenticator } from '../../../src/scim';
import { hashToken, newSecretToken } from '../../../src/domain/secret-token';
import { RULE_DEFAULTS, type SyncRule } from '../../../src/domain/sync-rule';

it('7644-7.4-1 tokens have 256 random bits, and only their hash is kept', () => {
  const tokens = Array.from({ length: 100 }, () => newSecretToken('scim'));
  expect(new Set(tokens.map(({ token }) => token)).size).toBe(100);
  for (const { token, hash } of tokens) {
    const random = token.replace(/^usher_scim_/, '');
    expect(Buffer.from(random, 'base64url').length).toBe(32);
    expect(hash).toBe(hashToken(token));
    expect(hash).not.toContain(random);
  }
});

it('7644-7.4-2 without TLS, own or of a proxy, no network but the machine itself is listened to', () => {
  expect(() => readConfig({ HOST: '0.0.0.0' })).toThrow(/TLS_CERT_FILE/);
});

it('7644-7.4-3 a token is refused as soon as its time is over', async () => {
  const { token, hash, hint } = newSecretToken('scim');
  const now = new Date();
  const rule = { ...RULE_DEFAULTS, id: 'r', name: 'r', enabled: true, syncAs: [], version: 1 };
  const authenticate = (expiresAt: Date): Promise<{ rule: SyncRule }> =>
    createScimAuthenticator(async () => ({
      rule: { ...rule, createdAt: now, updatedAt: now },
      credential: { id: 'c', ruleId: 'r', hash, hint, basicKey: 'k', createdAt: now, expiresAt },
    }))({ authorization: `Bearer ${token}` });
  expect((await authenticate(new Date(now.getTime() + 60_000))).rule.id).toBe('r');
  await expect(authenticate(now)).rejects.toMatchObject({ code: 'unauthorized' });
});
