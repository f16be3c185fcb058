import { readdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'libsql';
import { run, temporaryFolder, until } from '../support/daemon';
import { Usher } from '../support/usher';
import { entraUser } from '../support/wire';

/** Reads a database file as another program would; no rows while the table is not there yet. */
function rows(file: string, sql: string): readonly Record<string, unknown>[] {
  const database = new Database(file, { readonly: true, timeout: 5_000 });
  try {
    return database.prepare(sql).all() as Record<string, unknown>[];
  } catch (error) {
    if (/no such table/.test(String(error))) return [];
    throw error;
  } finally {
    database.close();
  }
}

describe('the first start on an empty machine', () => {
  let usher: Usher;
  const file = (name: string): string => path.join(usher.dataDir, name);

  beforeAll(async () => {
    usher = await Usher.start({ MONGODB_URI: '' });
  });
  afterAll(() => usher.stop());

  it('prints where SCIM and GraphQL are, a token and a key', () => {
    expect(usher.printed('scimUrl')).toBe(`${usher.url}/scim/v2`);
    expect(usher.printed('graphqlUrl')).toBe(`${usher.url}/graphql`);
    expect(usher.printed('secretToken')).toMatch(/^usher_scim_/);
    expect(usher.printed('adminKey')).toMatch(/^usher_admin_/);
    expect(usher.output).toContain('curl');
  });

  it('shows a provisioned user in both directories and in GraphQL', async () => {
    const answer = await usher.scim('POST', '/Users', entraUser('kit@northmill.example'));
    expect(answer.status).toBe(201);
    expect(answer.headers.get('content-type')).toMatch(/^application\/scim\+json/);

    await until('the RADIUS profile', () => {
      const found = rows(file('radius.db'), 'SELECT username FROM radreply');
      return found.some((row) => row['username'] === 'kit@northmill.example');
    });
    await until('the SAML user', () => {
      const found = rows(file('saml.db'), 'SELECT username, active FROM saml_user');
      return found.some(
        (row) => row['username'] === 'kit@northmill.example' && row['active'] === 1,
      );
    });
    await until('both bindings', async () => {
      const { users } = await usher.graphql(
        '{ users(first: 5) { nodes { userName bindings { state target { connector } } } } }',
      );
      expect(users.nodes).toHaveLength(1);
      expect(users.nodes[0].userName).toBe('kit@northmill.example');
      return users.nodes[0].bindings.every((one: { state: string }) => one.state === 'SYNCED');
    });
  });

  it('the printed curl commands work as they are printed', async () => {
    const commands = usher.output.slice(usher.output.indexOf('curl '));
    const shown = await run('bash', ['-ec', commands], { cwd: path.join(__dirname, '../..') });
    expect(shown).toContain('ada@example.com');
    expect(shown).toContain('SYNCED');
    expect(shown).toContain('Filter-Id');
    expect(shown).toContain('name_id');
  });

  it('has everything after a restart, and prints no secret again', async () => {
    const token = usher.printed('secretToken');
    const key = usher.printed('adminKey');
    expect(await usher.terminate()).toBe(0);
    const before = usher.output.length;
    await usher.boot();
    expect(usher.output.slice(before)).not.toContain(token);
    expect(usher.output.slice(before)).not.toContain('usher_');
    const found = await usher.scim(
      'GET',
      `/Users?filter=${encodeURIComponent('userName eq "KIT@northmill.example"')}`,
      undefined,
      token,
    );
    expect(found.body.totalResults).toBe(1);
    const { viewer } = await usher.graphql('{ viewer { role } }', {}, key);
    expect(viewer.role).toBe('ADMINISTRATOR');
  });

  it('makes nothing, and so loses no secret, where the port is taken', async () => {
    const folder = temporaryFolder();
    const start = (port: number) =>
      run(process.execPath, [path.join(__dirname, '../../dist/src/main.js')], {
        env: { PATH: process.env['PATH'], DATA_DIR: folder.path, PORT: String(port) },
      });
    await expect(start(usher.port)).rejects.toThrow(/Usher cannot start[\s\S]*PORT/);
    expect(readdirSync(folder.path)).toEqual([]);
    folder.remove();
  });

  it('refuses a second process on the same folder with a message that says what to do', async () => {
    await expect(
      run(process.execPath, [path.join(__dirname, '../../dist/src/main.js')], {
        env: { PATH: process.env['PATH'], DATA_DIR: usher.dataDir, PORT: '0' },
      }),
    ).rejects.toThrow(/Usher cannot start[\s\S]*already|in use|another process/i);
  });
});
