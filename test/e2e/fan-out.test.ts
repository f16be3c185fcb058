import path from 'node:path';
import Database from 'libsql';
import { describeWith, until } from '../support/daemon';
import { ldapTarget } from '../support/ldap-target';
import { SLAPD, type Slapd, startSlapd } from '../support/slapd';
import { Usher } from '../support/usher';
import { entraUser, patch } from '../support/wire';

describeWith([SLAPD], 'one rule fans out to LDAP, RADIUS and SAML at once', () => {
  let slapd: Slapd;
  let usher: Usher;
  let token: string;

  beforeAll(async () => {
    [slapd, usher] = await Promise.all([startSlapd(), Usher.start({ QUICKSTART: 'off' })]);
    const ldap = await usher.createTarget('LDAP', 'ldap', ...ldapTarget(slapd));
    const radius = await usher.createTarget('RADIUS', 'radius', {
      database: { kind: 'sqlite', file: 'radius.db' },
    });
    const saml = await usher.createTarget('SAML', 'saml', {
      database: { kind: 'sqlite', file: 'saml.db' },
      idpEntityId: 'https://idp.example/idp',
    });
    const rule = await usher.createRule(
      'Entra',
      [ldap, radius, saml].map((targetId) => ({ targetId })),
    );
    token = rule.token;
  });
  afterAll(async () => {
    await usher.stop();
    await slapd.stop();
  });

  const scim = (method: string, resource: string, body?: unknown) =>
    usher.scim(method, resource, body, token);

  /** The state of each binding of a user, by connector. */
  const states = async (id: string): Promise<Record<string, string>> => {
    const { users } = await usher.graphql(
      '{ users(first: 100) { nodes { userName scim bindings { state lastError { message } target { connector } } } } }',
    );
    const user = users.nodes.find((one: { userName: string }) => one.userName === id);
    return Object.fromEntries(
      user.bindings.map((one: { state: string; target: { connector: string } }) => [
        one.target.connector,
        one.state,
      ]),
    );
  };
  const inSql = (name: string, sql: string, value: string): boolean => {
    const database = new Database(path.join(usher.dataDir, name), {
      readonly: true,
      timeout: 5_000,
    });
    try {
      return database.prepare(sql).all(value).length > 0;
    } finally {
      database.close();
    }
  };
  const inRadius = (user: string) =>
    inSql('radius.db', 'SELECT 1 FROM radreply WHERE username = ?', user);
  const inSaml = (user: string) =>
    inSql('saml.db', 'SELECT 1 FROM saml_user WHERE username = ?', user);

  it('writes a user everywhere', async () => {
    expect((await scim('POST', '/Users', entraUser('all'))).status).toBe(201);
    await until('all three', async () =>
      Object.values(await states('all')).every((state) => state === 'SYNCED'),
    );
    expect(await slapd.count('(uid=all)')).toBe(1);
    expect(inRadius('all')).toBe(true);
    expect(inSaml('all')).toBe(true);
  });

  it('delays only LDAP while slapd is down, and catches up by itself', async () => {
    await slapd.kill('SIGKILL');
    const created = await Promise.all(
      Array.from({ length: 20 }, (_, i) => scim('POST', '/Users', entraUser(`down${i}`))),
    );
    expect(created.map((answer) => answer.status)).toEqual(Array(20).fill(201));
    await until('RADIUS and SAML', () =>
      created.every((_, i) => inRadius(`down${i}`) && inSaml(`down${i}`)),
    );
    await scim(
      'PATCH',
      `/Users/${created[0]!.body.id}`,
      patch({ op: 'Replace', path: 'name.familyName', value: 'Changed' }),
    );
    await until('LDAP to be retrying', async () => (await states('down0'))['ldap'] === 'RETRYING');
    await until('RADIUS and SAML to be done', async () => {
      const { radius, saml } = await states('down0');
      return radius === 'SYNCED' && saml === 'SYNCED';
    });

    await slapd.restart();
    await until('LDAP', async () => (await slapd.count('(uid=down*)')) === 20, 25_000, 100);
    const [entry] = await slapd.search('(uid=down0)', ['sn']);
    expect(entry?.attributes['sn']).toEqual(['Changed']);
  });

  it('parks what a directory refuses, says why, and goes on with the rest', async () => {
    const group = await slapd.search('(objectClass=*)', ['dn'], slapd.userBaseDN);
    expect(group.length).toBeGreaterThan(0);
    const name = `${'x'.repeat(300)}`;
    expect((await scim('POST', '/Users', entraUser(name))).status).toBe(201);
    await until('parked in RADIUS', async () => (await states(name))['radius'] === 'PARKED');
    const { bindings } = await usher.graphql(
      '{ bindings(states: [PARKED]) { nodes { id lastError { message } target { connector } } } }',
    );
    expect(bindings.nodes.length).toBeGreaterThan(0);
    for (const node of bindings.nodes) expect(node.lastError.message).toMatch(/\S{3}/);
  });
});
