/** The SAML connector on a folder of JSON files. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { saml } from '../../connectors/saml/index';
import type { Attributes, Connector, EntryKind } from '../../connectors/spi';
import { stopProcess, temporaryFolder, until } from '../support/daemon';
import { IDP, openSaml } from '../support/saml-target';
import { call, collect, describeConnector, failure } from './connector.contract';

interface Snapshot {
  readonly id: string;
  readonly userName: string;
  readonly name: string;
  readonly active: boolean;
  readonly groups: readonly string[];
  readonly attributes: readonly { friendlyName: string; values: string[] }[];
}

/** All files, as anybody else reads them. */
function snapshots(folder: string, kind: EntryKind): Snapshot[] {
  const place = path.join(folder, kind === 'user' ? 'users' : 'groups');
  if (!existsSync(place)) return [];
  return readdirSync(place)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(path.join(place, name), 'utf8')) as Snapshot);
}

const user = (name: string): Attributes => ({
  username: [name],
  mail: [`${name.length}@example.test`],
  displayName: ['<&> "É"'],
  sn: ["O'Brien"],
});

describe('saml in JSON files', () => {
  describeConnector({
    type: saml,
    user,
    group: (name: string): Attributes => ({ name: [name] }),
    multiValued: 'mail',
    replaceable: { attribute: 'displayName', optional: true },
    names: {
      accepted: ['x'.repeat(256), '../../etc/passwd', '..', 'a/b'],
      refused: ['x'.repeat(257), 'line\nfeed', '\ud800'],
    },
    wrongSettings: [
      { settings: { database: { kind: 'json' } }, path: 'database.folder' },
      { settings: { serviceProviders: ['https://sp'], shibboleth: {} }, path: 'shibboleth' },
    ],
    listSize: 250,
    start: async () => {
      const folder = temporaryFolder();
      const found = (name: string) =>
        snapshots(folder.path, 'user').find((one) => one.userName === name);
      return {
        settings: { idpEntityId: IDP, database: { kind: 'json', folder: folder.path } },
        secrets: {},
        secretValues: [],
        entry: async (kind, name): Promise<Attributes | undefined> => {
          if (kind === 'group') {
            const group = snapshots(folder.path, 'group').find((one) => one.name === name);
            return group && { name: [group.name] };
          }
          const one = found(name);
          return (
            one && {
              username: [one.userName],
              ...Object.fromEntries(one.attributes.map((a) => [a.friendlyName, a.values])),
            }
          );
        },
        count: async (kind) => snapshots(folder.path, kind).length,
        members: async (group) =>
          snapshots(folder.path, 'user')
            .filter((one) => one.groups.includes(group))
            .map((one) => one.userName),
        active: async (name) => found(name)?.active === true,
        stop: async () => folder.remove(),
      };
    },
  });
});

describe('JSON snapshots', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  const opened: Connector[] = [];
  const children: ChildProcess[] = [];
  const open = (settings: object = {}): Connector => {
    const one = openSaml({ database: { kind: 'json', folder: folder.path }, ...settings });
    opened.push(one);
    return one;
  };
  const create = (by: Connector, name: string, more: Attributes = {}) =>
    by.create('user', { attributes: { ...user(name), ...more }, active: true }, 'owner', call());
  const file = (id: string): string => path.join(folder.path, 'users', `${id}.json`);

  /** Another process that makes users called `<prefix>0`, `<prefix>1`, ... and says which are confirmed. */
  const worker = (prefix: string, count: number) => {
    const script = `
      const { saml } = require(${JSON.stringify(path.join(__dirname, '../../dist/connectors/saml'))});
      const { settings } = saml.parse({ idpEntityId: 'i', database: { kind: 'json', folder: ${JSON.stringify(folder.path)} } }, {});
      const one = saml.open(settings, {}, { targetId: 't', dataDir: '.', log() {} });
      (async () => {
        for (let i = 0; i < ${count}; i += 1) {
          const desired = { attributes: { username: ['${prefix}' + i], nameId: ['n' + i] }, active: true };
          const call = { signal: AbortSignal.timeout(60000) };
          await one.create('user', desired, 'o', call).then(
            () => process.stdout.write('${prefix}' + i + '\\n'),
            (error) => { if (error.kind !== 'conflict') throw error; });
        }
        await one.close();
      })();`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    return { child, confirmed: () => output.split('\n').slice(0, -1) };
  };

  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => stopProcess(child, 'SIGKILL')));
    await Promise.all(opened.splice(0).map((one) => one.close()));
    folder.remove();
  });

  it('are another directory in another folder', () => {
    const identity = (database: object) =>
      saml.identity?.(saml.parse({ idpEntityId: IDP, database }, {}).settings);
    const here = identity({ kind: 'json', folder: 'here' });
    expect(here).toBe('json here');
    expect(identity({ kind: 'json', folder: 'there' })).not.toBe(here);
    expect(identity({ kind: 'json', folder: 'here', fileMode: '0640' })).toBe(here);
    expect(identity({ kind: 'sqlite', file: 'here' })).not.toBe(here);
  });

  it('hold the whole record', async () => {
    const connector = open({ serviceProviders: ['https://sp.test'], matchAttribute: 'mail' });
    const written = await create(connector, 'alice', {
      matchValue: ['a@up.test'],
      nameId: ['p-1'],
      'nameId:https://sp.test': ['pair-1'],
      role: ['user'],
      externalId: ['e-1'],
      notOnOrAfter: ['2030-01-01T00:00:00Z'],
    });
    const group = { attributes: { name: ['vpn'] }, active: true };
    const vpn = await connector.create('group', group, 'g', call());
    await connector.members(vpn, { add: [written], remove: [] }, call());
    const record: unknown = JSON.parse(readFileSync(file(written.reference), 'utf8'));
    expect(record).toEqual({
      id: written.reference,
      userName: 'alice',
      externalId: 'e-1',
      idp: { entityId: IDP },
      spNameQualifier: null,
      sp: [{ entityId: 'https://sp.test', nameId: 'pair-1' }],
      match: {
        by: 'attribute',
        attribute: 'urn:oid:0.9.2342.19200300.100.1.3',
        value: 'a@up.test',
      },
      nameId: 'p-1',
      nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
      active: true,
      notOnOrAfter: '2030-01-01T00:00:00Z',
      role: 'user',
      groups: ['vpn'],
      attributes: expect.arrayContaining([
        {
          name: 'urn:oid:0.9.2342.19200300.100.1.3',
          friendlyName: 'mail',
          nameFormat: 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',
          values: ['5@example.test'],
        },
      ]),
      version: 1,
      owner: 'owner',
    });
    expect(statSync(file(written.reference)).mode & 0o777).toBe(0o600);
    const rename = [{ attribute: 'name', replace: ['remote'] }];
    await connector.update('group', vpn, rename, call());
    expect(snapshots(folder.path, 'user')[0]?.groups).toEqual(['remote']);
  });

  it('are seen as they are: edited, damaged or removed by somebody else', async () => {
    const connector = open();
    const written = await create(connector, 'kit');
    const record = JSON.parse(readFileSync(file(written.reference), 'utf8')) as object;
    writeFileSync(file(written.reference), JSON.stringify({ ...record, active: false, role: 'x' }));
    const edited = await connector.read('user', written, call());
    expect([edited?.active, edited?.attributes['role']]).toEqual([false, ['x']]);
    await connector.setActive('user', written, true, call());
    expect(JSON.parse(readFileSync(file(written.reference), 'utf8'))).toEqual(record);
    writeFileSync(file(written.reference), 'not JSON');
    const damaged = await connector.read('user', written, call());
    expect(damaged).toMatchObject({ reference: written.reference, attributes: {}, active: false });
    const changes = [{ attribute: 'displayName', replace: ['new'] }];
    await connector.update('user', written, changes, call());
    expect((await connector.read('user', written, call()))?.attributes['displayName']).toEqual([
      'new',
    ]);
    rmSync(file(written.reference));
    expect(await connector.read('user', written, call())).toBeUndefined();
    const again = await create(connector, 'kit');
    expect(again.reference).not.toBe(written.reference);
    expect(await collect(connector.list('user', call()))).toHaveLength(1);
  });

  it('are taken up when the index does not know them, and damaged ones are left alone', async () => {
    const first = open();
    const written = await create(first, 'kept', { nameId: ['p-kept'] });
    await first.close();
    for (const name of ['index.db', 'index.db-wal', 'index.db-shm']) {
      rmSync(path.join(folder.path, name), { force: true });
    }
    const record = readFileSync(file(written.reference), 'utf8');
    writeFileSync(
      file('by-hand'),
      record
        .replace(written.reference, 'by-hand')
        .replace('"kept"', '"hand"')
        .replace('p-kept', 'p-hand'),
    );
    writeFileSync(file('double'), record.replace(written.reference, 'double'));
    writeFileSync(file('damaged'), '{');
    writeFileSync(path.join(folder.path, 'users', '.writing-x-1'), '{');
    const second = open();
    expect((await second.read('user', written, call()))?.attributes['nameId']).toEqual(['p-kept']);
    const keys = [{ attribute: 'username', value: 'hand' }];
    expect((await second.correlate('user', keys, call()))[0]?.reference).toBe('by-hand');
    expect((await failure(create(second, 'kept'))).kind).toBe('conflict');
    expect(readdirSync(path.join(folder.path, 'users')).sort()).toEqual(
      [`${written.reference}.json`, 'by-hand.json', 'damaged.json', 'double.json'].sort(),
    );
  });

  it('lose nothing between two processes, and give no name twice', async () => {
    const [left, right] = [worker('a', 60), worker('b', 60)];
    await until(
      'both are done',
      () => left.child.exitCode !== null && right.child.exitCode !== null,
      60_000,
    );
    expect([left.child.exitCode, right.child.exitCode]).toEqual([0, 0]);
    const names = snapshots(folder.path, 'user').map((one) => one.userName);
    // Each NameID was wanted by both, and one of them has it.
    expect(names.sort()).toEqual([...left.confirmed(), ...right.confirmed()].sort());
    expect(names).toHaveLength(60);
  });

  it('are whole after a kill, with all that was confirmed', async () => {
    const confirmed: string[] = [];
    for (const round of [0, 1, 2]) {
      const one = worker(`r${round}-`, 100_000);
      const least = 20 + 10 * round;
      // NameIDs of earlier rounds are taken, so later ones count on from there.
      await until('some are confirmed', () => one.confirmed().length >= least, 60_000);
      await stopProcess(one.child, 'SIGKILL');
      confirmed.push(...one.confirmed());
    }
    const connector = open({ idpEntityId: 'i' });
    const listed = (await collect(connector.list('user', call(60_000)))).map((one) => one.name);
    const names = snapshots(folder.path, 'user').map((one) => one.userName);
    expect(names.sort()).toEqual(listed.sort());
    expect(names).toEqual(expect.arrayContaining(confirmed));
    const left = readdirSync(path.join(folder.path, 'users')).filter(
      (name) => !name.endsWith('.json'),
    );
    expect(left).toEqual([]);
  }, 120_000);

  it('say what is wrong with the folder', async () => {
    const blocked = path.join(folder.path, 'file');
    writeFileSync(blocked, '');
    const connector = open({ database: { kind: 'json', folder: blocked } });
    const [step] = await connector.test(call());
    expect(step).toMatchObject({ name: 'folder', state: 'failed', remedy: expect.any(String) });
    expect((await failure(create(connector, 'x'))).kind).toBe('unavailable');
  });
});
