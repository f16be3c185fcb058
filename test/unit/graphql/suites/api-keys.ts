/** API keys through the interface: shown once, in force at once, ended at once. */
import { toNodeId } from '../../../../src/graphql/node-id';
import { Gateway, type OpenWorld } from '../gateway';

const ERRORS = 'userErrors { code message field }';

export function apiKeySuite(openWorld: OpenWorld): void {
  describe('API keys', () => {
    let gateway: Gateway;
    beforeAll(async () => {
      gateway = await Gateway.open(openWorld);
    });
    afterAll(() => gateway.close());

    const create = async (input: object) =>
      (
        await gateway.data(
          `mutation ($input: ApiKeyCreateInput!) {
             apiKeyCreate(input: $input) {
               apiKey { id name role hint expiresAt revokedAt lastUsedAt } token ${ERRORS}
             }
           }`,
          { input },
        )
      ).apiKeyCreate;
    const revoke = async (id: string) =>
      (
        await gateway.data(
          `mutation ($id: ID!) { apiKeyRevoke(id: $id) { apiKey { revokedAt } ${ERRORS} } }`,
          { id },
        )
      ).apiKeyRevoke;

    it('are shown once, work at once and end at once', async () => {
      const { apiKey, token, userErrors } = await create({ name: 'CI', role: 'AUDITOR' });
      expect(userErrors).toEqual([]);
      expect(token).toMatch(/^usher_admin_[\w-]{43}$/);
      expect(apiKey).toMatchObject({
        name: 'CI',
        role: 'AUDITOR',
        hint: token.slice(-4),
        expiresAt: null,
        revokedAt: null,
      });
      expect((await gateway.query('{ viewer { name } }', {}, token)).data.viewer.name).toBe('CI');
      const { apiKey: revoked } = await revoke(apiKey.id);
      expect(revoked.revokedAt).not.toBeNull();
      expect(await revoke(apiKey.id)).toMatchObject({ apiKey: revoked, userErrors: [] });
      expect((await gateway.query('{ viewer { name } }', {}, token)).status).toBe(401);
      expect((await gateway.query('{ apiKeys { nodes { name hint } } }')).text).not.toContain(
        token,
      );
    });

    it('are refused without a name, with the reserved name, or expired', async () => {
      const past = '2020-01-01T00:00:00Z';
      expect(await create({ name: ' ', role: 'AUDITOR', expiresAt: past })).toMatchObject({
        apiKey: null,
        token: null,
        userErrors: [
          { code: 'REQUIRED', field: ['name'] },
          { code: 'INVALID', field: ['expiresAt'] },
        ],
      });
      expect((await create({ name: 'ADMIN_API_KEY', role: 'AUDITOR' })).userErrors).toMatchObject([
        { code: 'INVALID', field: ['name'] },
      ]);
    });

    it('cannot lock everybody out', async () => {
      const own = toNodeId('ApiKey', gateway.keys.ADMINISTRATOR.id);
      expect((await revoke(own)).userErrors).toMatchObject([{ code: 'LAST_ADMIN', field: ['id'] }]);
      const second = await create({ name: 'Second', role: 'ADMINISTRATOR' });
      expect((await revoke(own)).userErrors).toMatchObject([
        { code: 'SELF_LOCKOUT', field: ['id'] },
      ]);
      expect((await revoke(second.apiKey.id)).userErrors).toEqual([]);
    });

    it('are NOT_FOUND under any other id', async () => {
      for (const id of ['x', toNodeId('ApiKey', 'none'), toNodeId('Target', 'none')]) {
        expect((await revoke(id)).userErrors).toMatchObject([{ code: 'NOT_FOUND', field: ['id'] }]);
      }
    });
  });
}
