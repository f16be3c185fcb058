import path from 'node:path';
import { describeWith, until } from '../support/daemon';
import { type Freeradius, FREERADIUS, RADCLIENT, startFreeradius } from '../support/freeradius';
import { Usher } from '../support/usher';
import { entraGroup, entraUser, patch } from '../support/wire';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

describeWith([FREERADIUS, RADCLIENT], 'a real FreeRADIUS on the same SQLite file', () => {
  let usher: Usher;
  let radius: Freeradius;
  let token: string;

  beforeAll(async () => {
    usher = await Usher.start({ QUICKSTART: 'off' });
    const target = await usher.createTarget('RADIUS', 'radius', {
      database: { kind: 'sqlite', file: 'radius.db' },
    });
    const rule = await usher.createRule('Entra', [
      {
        targetId: target,
        mapping: [
          { attribute: 'User-Name', expression: 'userName' },
          { attribute: 'reply:Filter-Id', expression: `${ENTERPRISE}:department` },
          { attribute: 'reply:Session-Timeout', expression: '"3600"' },
          { attribute: 'check:Cleartext-Password', expression: `${ENTERPRISE}:costCenter` },
        ],
      },
    ]);
    token = rule.token;
    await usher.scim('POST', '/Users', entraUser('kit'), token);
    await until('the file', async () => {
      const { bindings } = await usher.graphql('{ bindings { nodes { state } } }');
      return bindings.nodes[0]?.state === 'SYNCED';
    });
    radius = await startFreeradius({
      database: { kind: 'sqlite', file: path.join(usher.dataDir, 'radius.db') },
      passwords: { kit: 'wonder land', stranger: 'wonder land' },
    });
  });
  afterAll(async () => {
    await radius.stop();
    await usher.stop();
  });

  const scim = (method: string, resource: string, body?: unknown) =>
    usher.scim(method, resource, body, token);

  it('accepts a provisioned user whose password it knows by itself, with the profile', async () => {
    const answer = await radius.authenticate('kit', 'wonder land');
    expect(answer.code).toBe('Access-Accept');
    expect(answer.attributes).toMatchObject({
      'Filter-Id': ['Milling'],
      'Session-Timeout': ['3600'],
    });
  });

  it('accepts a user whose password is in the profile', async () => {
    await scim(
      'POST',
      '/Users',
      entraUser('rosa', { [ENTERPRISE]: { department: 'Ops', costCenter: 'in the profile' } }),
    );
    await until('Access-Accept', async () => {
      const answer = await radius.authenticate('rosa', 'in the profile');
      return answer.code === 'Access-Accept' && answer.attributes['Filter-Id']?.[0] === 'Ops';
    });
    expect((await radius.authenticate('rosa', 'wrong')).code).toBe('Access-Reject');
  });

  it('rejects a user after soft delete and accepts it after restore', async () => {
    const found = await scim('GET', `/Users?filter=${encodeURIComponent('userName eq "kit"')}`);
    const { id } = found.body.Resources[0];
    await scim('PATCH', `/Users/${id}`, patch({ op: 'Replace', path: 'active', value: 'False' }));
    await until(
      'Access-Reject',
      async () => (await radius.authenticate('kit', 'wonder land')).code === 'Access-Reject',
    );
    await scim('PATCH', `/Users/${id}`, patch({ op: 'Replace', path: 'active', value: 'True' }));
    await until(
      'Access-Accept',
      async () => (await radius.authenticate('kit', 'wonder land')).code === 'Access-Accept',
    );
  });

  it('rejects a user after hard delete', async () => {
    const gone = await scim(
      'POST',
      '/Users',
      entraUser('gone', { [ENTERPRISE]: { costCenter: 'secret' } }),
    );
    await until(
      'Access-Accept',
      async () => (await radius.authenticate('gone', 'secret')).code === 'Access-Accept',
    );
    await scim('DELETE', `/Users/${gone.body.id}`);
    await until(
      'Access-Reject',
      async () => (await radius.authenticate('gone', 'secret')).code === 'Access-Reject',
    );
  });

  it('keeps the memberships of a deactivated user', async () => {
    const found = await scim('GET', `/Users?filter=${encodeURIComponent('userName eq "kit"')}`);
    const { id } = found.body.Resources[0];
    const group = await scim('POST', '/Groups', entraGroup('vpn'));
    await scim(
      'PATCH',
      `/Groups/${group.body.id}`,
      patch({ op: 'Add', path: 'members', value: [{ value: id }] }),
    );
    await scim('PATCH', `/Users/${id}`, patch({ op: 'Replace', path: 'active', value: 'False' }));
    await scim('PATCH', `/Users/${id}`, patch({ op: 'Replace', path: 'active', value: 'True' }));
    const read = await scim('GET', `/Users/${id}`);
    expect(read.body.groups).toEqual([
      expect.objectContaining({ value: group.body.id, display: 'vpn' }),
    ]);
  });
});
