/** Who is let in, and what each role may do. */
import { addKey, createRule, createTarget, Gateway, type OpenWorld } from '../gateway';

const WHO = '{ viewer { name role apiKey { id hint } } }';

export function accessSuite(openWorld: OpenWorld): void {
  describe('access', () => {
    let gateway: Gateway;
    beforeAll(async () => {
      gateway = await Gateway.open(openWorld);
    });
    afterAll(() => gateway.close());

    it('answers 401 and how to authenticate when there is no key', async () => {
      const answer = await gateway.post(JSON.stringify({ query: WHO }), {});
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="usher"');
      expect(answer.errors[0]?.message).toContain('Authorization: Bearer <API key>');
      expect(answer.errors[0]?.extensions['code']).toBe('UNAUTHENTICATED');
    });

    it.each([
      ['a wrong key', () => 'Bearer usher_admin_wrong'],
      ['another scheme', () => `Basic ${gateway.tokens.ADMINISTRATOR}`],
      ['an empty key', () => 'Bearer '],
      ['a huge key', () => `Bearer ${'x'.repeat(5_000)}`],
    ])('answers 401 to %s and says nothing of the schema', async (_name, authorization) => {
      const answer = await gateway.post(JSON.stringify({ query: '{ nonsense }' }), {
        authorization: authorization(),
      });
      expect(answer.status).toBe(401);
      expect(answer.text).not.toContain('nonsense');
      expect(answer.errors).toHaveLength(1);
    });

    it('answers 401 to a revoked key and to an expired one', async () => {
      const past = new Date(Date.now() - 1_000);
      const revoked = await addKey(gateway.world, {
        name: 'Revoked',
        role: 'ADMINISTRATOR',
        revokedAt: past,
      });
      const expired = await addKey(gateway.world, {
        name: 'Expired',
        role: 'ADMINISTRATOR',
        expiresAt: past,
      });
      expect((await gateway.query(WHO, {}, revoked.token)).status).toBe(401);
      expect((await gateway.query(WHO, {}, expired.token)).status).toBe(401);
    });

    it('tells who is asking, and notes that the key was used', async () => {
      const { viewer } = await gateway.data(WHO);
      expect(viewer).toMatchObject({ name: 'ADMINISTRATOR of the test', role: 'ADMINISTRATOR' });
      const { node } = await gateway.data(
        'query ($id: ID!) { node(id: $id) { ... on ApiKey { lastUsedAt } } }',
        { id: viewer.apiKey.id },
      );
      expect(Date.parse(node.lastUsedAt)).toBeGreaterThan(Date.now() - 60_000);
    });

    it('lets an auditor read everything and change nothing', async () => {
      const token = gateway.tokens.AUDITOR;
      const reads = await gateway.query(
        `{ viewer { role } connectorTypes { id } targets { totalCount } syncRules { totalCount }
           users { totalCount } groups { totalCount } bindings { totalCount }
           apiKeys { totalCount } }`,
        {},
        token,
      );
      expect(reads.errors).toEqual([]);
      for (const mutation of EVERY_MUTATION) {
        const answer = await gateway.query(`mutation { ${mutation} }`, {}, token);
        expect([mutation, answer.errors[0]?.extensions['code']]).toEqual([mutation, 'FORBIDDEN']);
        expect(answer.data).toBeNull();
      }
    });

    it('lets an operator operate and not configure', async () => {
      const allowed = [
        ...['bindingRetry', 'targetTest', 'syncRuleEnable', 'syncRuleDisable'],
        ...['userSync', 'groupSync', 'userDeactivate', 'userReactivate'],
      ];
      for (const mutation of EVERY_MUTATION) {
        const answer = await gateway.query(`mutation { ${mutation} }`, {}, gateway.tokens.OPERATOR);
        const may = allowed.some((name) => mutation.startsWith(`${name}(`));
        const code = answer.errors[0]?.extensions['code'];
        expect([mutation, code]).toEqual([mutation, may ? undefined : 'FORBIDDEN']);
      }
    });

    it('says which role is missing', async () => {
      const answer = await gateway.query(
        'mutation { apiKeyRevoke(id: "x") { userErrors { code } } }',
        {},
        gateway.tokens.OPERATOR,
      );
      expect(answer.errors[0]?.message).toBe(
        'This requires an API key of role ADMINISTRATOR; yours has OPERATOR.',
      );
    });

    it('shows no hash and no secret in anything that can be read', async () => {
      const target = await createTarget(gateway, 'Secretive');
      const rule = await createRule(gateway, 'Secretive', [target]);
      const everything = await gateway.query(`{
        targets { nodes { name settings secretsSet } }
        syncRules { nodes { name credentials { basicKey hint createdAt expiresAt lastUsedAt } } }
        apiKeys { nodes { name role hint } }
      }`);
      expect(everything.text).toContain(rule.secretToken.slice(-4));
      for (const secret of ['Tr0ub4dor', rule.secretToken, ...Object.values(gateway.tokens)]) {
        expect(everything.text).not.toContain(secret);
      }
      for (const field of ['secretToken', 'token', 'hash', 'secrets']) {
        const answer = await gateway.query(`{ syncRules { nodes { ${field} } } }`);
        expect(answer.errors[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
      }
    });
  });
}

const ERRORS = '{ userErrors { code } }';

/** Each as it would look, on objects that do not exist. */
const EVERY_MUTATION: readonly string[] = [
  `targetCreate(input: {name: "x", connector: "x", settings: {}}) ${ERRORS}`,
  `targetTest(id: "x") ${ERRORS}`,
  `syncRuleCreate(input: {name: "x", syncAs: []}) ${ERRORS}`,
  `syncRuleEnable(id: "x") ${ERRORS}`,
  `syncRuleDisable(id: "x") ${ERRORS}`,
  `syncRuleDelete(id: "x", onProvisioned: KEEP) ${ERRORS}`,
  `syncRuleSecretTokenChange(id: "x") ${ERRORS}`,
  `bindingRetry(id: "x") ${ERRORS}`,
  `bindingAdopt(id: "x", reference: "x") ${ERRORS}`,
  `bindingDeleteNow(id: "x") ${ERRORS}`,
  `userSync(id: "x") ${ERRORS}`,
  `groupSync(id: "x") ${ERRORS}`,
  `userDeactivate(id: "x") ${ERRORS}`,
  `userReactivate(id: "x") ${ERRORS}`,
  `userDelete(id: "x") ${ERRORS}`,
  `apiKeyCreate(input: {name: "x", role: AUDITOR}) ${ERRORS}`,
  `apiKeyRevoke(id: "x") ${ERRORS}`,
];
