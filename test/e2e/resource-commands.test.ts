/** What administrators do to users and groups, as their identity provider and their directories see it. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { until } from '../support/daemon';
import { sqliteQuery } from '../support/sql';
import { Usher } from '../support/usher';
import { entraGroup, entraUser, patch } from '../support/wire';

const ERRORS = 'userErrors { code message field }';
const RESULTS = 'results { done target { name } binding { state lastError { kind message } } }';

describe('commands on users and groups', () => {
  let usher: Usher;
  beforeAll(async () => {
    usher = await Usher.start();
  });
  afterAll(() => usher.stop());

  const nodeId = (type: string, id: string): string =>
    Buffer.from(`${type}:${id}`).toString('base64url');
  const makeUser = async (userName: string): Promise<{ id: string; node: string }> => {
    const { status, body } = await usher.scim('POST', '/Users', entraUser(userName));
    expect(status).toBe(201);
    return { id: body.id, node: nodeId('User', body.id) };
  };
  const command = async (name: string, id: string, fields: string) =>
    (
      await usher.graphql(`mutation ($id: ID!) { ${name}(id: $id) { ${fields} ${ERRORS} } }`, {
        id,
      })
    )[name];
  const sync = (id: string, seconds: number, name = 'userSync') =>
    usher
      .graphql(
        `mutation ($id: ID!, $seconds: Int!) {
           ${name}(id: $id, waitSeconds: $seconds) { ${RESULTS} ${ERRORS} }
         }`,
        { id, seconds },
      )
      .then((data) => data[name]);

  it('a user that is deactivated is inactive for its identity provider and in the directory', async () => {
    const { id, node } = await makeUser('ann@northmill.example');
    const before = await usher.scim('GET', `/Users/${id}`);
    const answer = await command('userDeactivate', node, 'user { active generation }');
    expect(answer).toMatchObject({ user: { active: false }, userErrors: [] });
    const after = await usher.scim('GET', `/Users/${id}`);
    expect(after.body.active).toBe(false);
    expect(after.headers.get('etag')).not.toBe(before.headers.get('etag'));
    const stale = await usher.scim(
      'GET',
      `/Users?filter=active eq false and userName eq "ann@northmill.example"`,
    );
    expect(stale.body.totalResults).toBe(1);
    const saml = sqliteQuery(`${usher.dataDir}/saml.db`);
    const isActive = async (active: number): Promise<boolean> => {
      const rows = await saml('SELECT active FROM saml_user WHERE username = ?', [
        'ann@northmill.example',
      ]);
      return rows.length === 1 && rows[0]?.['active'] === active;
    };
    await until('inactive in the directory', () => isActive(0));

    // Doing it once more changes nothing.
    const again = await command('userDeactivate', node, 'user { generation }');
    expect(again.user.generation).toBe(answer.user.generation);

    await command('userReactivate', node, 'user { active }');
    expect((await usher.scim('GET', `/Users/${id}`)).body.active).toBe(true);
    await until('active in the directory', () => isActive(1));
  });

  it('a command and changes of the identity provider at the same moment all take effect', async () => {
    const { id, node } = await makeUser('bob@northmill.example');
    const names = ['title', 'nickName', 'displayName', 'locale', 'timezone', 'userType'];
    await Promise.all([
      ...names.map(async (path) => {
        const operation = { op: 'replace', path, value: `new-${path}` };
        const { status } = await usher.scim('PATCH', `/Users/${id}`, patch(operation));
        expect(status).toBe(200);
      }),
      command('userDeactivate', node, 'user { active }'),
    ]);
    const { body } = await usher.scim('GET', `/Users/${id}`);
    expect(body.active).toBe(false);
    for (const name of names) expect(body[name]).toBe(`new-${name}`);
  });

  it('a user that is deleted is gone for its identity provider, also from its groups', async () => {
    const { id, node } = await makeUser('cleo@northmill.example');
    const { body: group } = await usher.scim('POST', '/Groups', entraGroup('Pilots'));
    const joining = patch({ op: 'add', path: 'members', value: [{ value: id }] });
    await usher.scim('PATCH', `/Groups/${group.id}`, joining);
    const answer = await command('userDelete', node, 'deletedId user { deletedAt }');
    expect(answer).toMatchObject({ deletedId: node, userErrors: [] });
    expect(Date.parse(answer.user.deletedAt)).not.toBeNaN();
    expect((await usher.scim('GET', `/Users/${id}`)).status).toBe(404);
    const left = await usher.scim('GET', `/Groups/${group.id}`);
    expect(left.body.members ?? []).toEqual([]);
    for (const name of ['userDelete', 'userDeactivate', 'userReactivate']) {
      const { userErrors } = await command(name, node, 'user { id }');
      expect(userErrors).toMatchObject([{ code: 'NOT_FOUND', field: ['id'] }]);
    }
  });

  it('a synchronisation answers what every target made of it', async () => {
    const { id, node } = await makeUser('dee@northmill.example');
    const synced = await sync(node, 10);
    expect(synced.userErrors).toEqual([]);
    expect(synced.results).toHaveLength(2);
    for (const result of synced.results) {
      expect(result).toMatchObject({ done: true, binding: { state: 'SYNCED', lastError: null } });
    }
    const { body: group } = await usher.scim('POST', '/Groups', entraGroup('Drivers'));
    const joining = patch({ op: 'add', path: 'members', value: [{ value: id }] });
    await usher.scim('PATCH', `/Groups/${group.id}`, joining);
    const ofGroup = await sync(nodeId('Group', group.id), 10, 'groupSync');
    expect(ofGroup.results.map(({ done }: { done: boolean }) => done)).toEqual([true, true]);
  });

  it('refuses what is no user, and a time it will not wait', async () => {
    const { node } = await makeUser('eve@northmill.example');
    expect((await sync(node, 11)).userErrors).toMatchObject([
      { code: 'INVALID', field: ['waitSeconds'] },
    ]);
    expect((await sync(node, 1, 'groupSync')).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
    expect((await sync('nonsense', 1)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
  });
});

describe('a synchronisation to targets in trouble', () => {
  let usher: Usher;
  let silent: Server;
  const sockets = new Set<Socket>();
  beforeAll(async () => {
    usher = await Usher.start({ QUICKSTART: 'off' });
    silent = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await usher.stop();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });

  it('answers in time, with the reason of those that failed', async () => {
    const { port } = silent.address() as AddressInfo;
    const ldap = (url: string): Promise<string> => {
      const baseDN = 'dc=example,dc=com';
      const settings = { url, bindDN: 'cn=admin', userBaseDN: baseDN, groupBaseDN: baseDN };
      return usher.createTarget(url, 'ldap', settings, { bindPassword: 'x' });
    };
    const database = { kind: 'sqlite', file: 'paused.db' };
    const [hanging, refusing, paused] = await Promise.all([
      ldap(`ldap://127.0.0.1:${String(port)}`),
      ldap('ldap://127.0.0.1:1'),
      usher.createTarget('paused', 'radius', { database }),
    ]);
    await usher.graphql('mutation ($id: ID!) { targetPause(id: $id) { userErrors { code } } }', {
      id: paused,
    });
    const targets = [hanging, refusing, paused].map((targetId) => ({ targetId }));
    const { token } = await usher.createRule('Entra', targets);
    const made = await usher.scim('POST', '/Users', entraUser('fay@northmill.example'), token);
    const begun = Date.now();
    const { userSync } = await usher.graphql(
      `mutation ($id: ID!) { userSync(id: $id, waitSeconds: 2) { ${RESULTS} ${ERRORS} } }`,
      { id: Buffer.from(`User:${String(made.body.id)}`).toString('base64url') },
    );
    expect(Date.now() - begun).toBeLessThan(4_000);
    const [slow, down, waiting] = userSync.results;
    expect(slow.done).toBe(false);
    expect(down).toMatchObject({
      done: true,
      binding: { state: 'RETRYING', lastError: { kind: 'unavailable' } },
    });
    expect(waiting).toMatchObject({ done: false, binding: { state: 'PENDING' } });
  });
});
