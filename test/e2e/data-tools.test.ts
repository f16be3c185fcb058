import { type ChildProcess, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { startEmbeddedMongo } from '../../src/embedded-mongo';
import { connect } from '../../src/store/connection';
import { RawCollections } from '../../src/store/raw-collections';
import { run, stopProcess, temporaryFolder } from '../support/daemon';
import { Usher } from '../support/usher';
import { entraUser } from '../support/wire';

const ROOT = path.join(__dirname, '../..');
/** Also where the other suites run with a MongoDB. */
const EMBEDDED = { MONGODB_URI: '', ENCRYPTION_KEY: '' };

const folder = temporaryFolder('ud-');
const at = (...names: string[]): string => path.join(folder.path, ...names);
afterAll(() => folder.remove());

type Environment = Readonly<Record<string, string>>;

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function startTool(name: string, args: readonly string[], env: Environment): ChildProcess {
  const file = path.join(ROOT, `dist/src/tools/${name}.js`);
  return spawn(process.execPath, [file, ...args], { env: { PATH: process.env['PATH'], ...env } });
}

function tool(name: string, args: readonly string[], env: Environment = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = startTool(name, args, env);
    const written = { stdout: '', stderr: '' };
    child.stdout?.on('data', (chunk: Buffer) => (written.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (written.stderr += chunk.toString()));
    child.on('close', (code) => resolve({ code, ...written }));
  });
}

async function succeed(name: string, args: readonly string[], env: Environment): Promise<string> {
  const { code, stdout, stderr } = await tool(name, args, env);
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${stderr}`);
  return stdout;
}

/** The last line of standard error of a tool that has to fail, without a stack. */
async function refusal(name: string, args: readonly string[], env: Environment): Promise<string> {
  const { code, stderr } = await tool(name, args, env);
  expect(code).toBe(1);
  expect(stderr).not.toMatch(/^\s+at /m);
  return stderr.trimEnd().split('\n').at(-1) ?? '';
}

/** Answers that must be the same wherever the data is. */
async function answersOf(usher: Usher, token: string): Promise<unknown> {
  const users = await usher.scim('GET', '/Users?count=1000&sortBy=userName', undefined, token);
  const groups = await usher.scim('GET', '/Groups', undefined, token);
  expect(users.status).toBe(200);
  const plain = JSON.stringify([users.body, groups.body]).replaceAll(usher.url, '');
  return JSON.parse(plain) as unknown;
}

/** Starts Usher on the data, asks, and stops it. */
async function answersFrom(env: Environment, token: string): Promise<unknown> {
  const usher = await Usher.start({ ...EMBEDDED, ...env });
  try {
    expect(usher.output).not.toContain('Secret token');
    expect(usher.output).not.toContain('Administrator key');
    return await answersOf(usher, token);
  } finally {
    await usher.stop();
  }
}

/** For every index: what is found through it is what a scan of the collection finds. */
async function expectConsistentIndexes(store: string): Promise<void> {
  const server = await startEmbeddedMongo({ dataDir: store, thread: 'inline' });
  const connection = await connect({ uri: server.uri, dbName: 'usher' });
  let checked = 0;
  for (const { collectionName } of (await connection.db?.collections()) ?? []) {
    const collection = connection.collection(collectionName);
    for (const { name, partialFilterExpression } of await collection.listIndexes().toArray()) {
      const filter = partialFilterExpression ?? {};
      const through = await collection.find(filter).hint(name).project({ _id: 1 }).toArray();
      const scanned = await collection.find(filter).project({ _id: 1 }).toArray();
      const ids = (found: { _id?: unknown }[]) => found.map((one) => String(one._id)).sort();
      expect(ids(through)).toEqual(ids(scanned));
      checked += 1;
    }
  }
  expect(checked).toBeGreaterThan(15);
  await connection.close();
  await server.close();
}

async function provision(usher: Usher): Promise<void> {
  const members: object[] = [];
  for (const name of ['ada', 'grace', 'barbara']) {
    const { body } = await usher.scim('POST', '/Users', entraUser(name));
    members.push({ value: body.id });
  }
  const group = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName: 'Staff' };
  expect((await usher.scim('POST', '/Groups', { ...group, members })).status).toBe(201);
}

/** The commands of a section of docs/data.md, with the paths of this test. */
function documented(section: string, uri = ''): string {
  const text = readFileSync(path.join(ROOT, 'docs/data.md'), 'utf8');
  const block = text.split(`\n## ${section}\n`)[1]?.match(/```sh\n(.*?)```/s)?.[1];
  if (block === undefined) throw new Error(`docs/data.md has no commands in "${section}"`);
  return block
    .replace(/npm run (\w+) --/g, `'${process.execPath}' dist/src/tools/$1.js`)
    .replaceAll('/srv/usher', folder.path)
    .replaceAll('mongodb://127.0.0.1:27017/usher', `'${uri}'`);
}

function shell(script: string, env: Environment = {}): Promise<string> {
  return run('sh', ['-ec', script], { cwd: ROOT, env: { PATH: process.env['PATH'], ...env } });
}

describe('a backup of the embedded store under load', () => {
  it('has every acknowledged write, and Usher starts on what is restored from it', async () => {
    const data = at('busy');
    const usher = await Usher.start({ ...EMBEDDED, DATA_DIR: data });
    const token = usher.printed('secretToken');
    const acknowledged: { id: string; userName: string }[] = [];
    let running = true;
    const write = async (writer: number): Promise<void> => {
      for (let n = 0; running; n += 1) {
        const answer = await usher.scim('POST', '/Users', entraUser(`w${writer}n${n}`), token);
        if (answer.status === 201) acknowledged.push(answer.body);
      }
    };
    const writers = [0, 1, 2, 3].map(write);
    for (let round = 1; round <= 3; round += 1) {
      while (acknowledged.length < round * 60) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const promised = acknowledged.length;
      await succeed('backup', [at(`busy-${round}`)], { DATA_DIR: data });
      expect(acknowledged.length).toBeGreaterThan(promised);
      if (round < 3) continue;
      running = false;
      await Promise.allSettled(writers);
      await usher.kill();
      await succeed('restore', [at('busy-3')], { DATA_DIR: at('busy-restored') });
      await expectConsistentIndexes(at('busy-restored', 'store'));
      const restored = await Usher.start({ ...EMBEDDED, DATA_DIR: at('busy-restored') });
      for (const { id, userName } of acknowledged.slice(0, promised)) {
        const byId = await restored.scim('GET', `/Users/${id}`, undefined, token);
        expect([id, byId.status]).toEqual([id, 200]);
        const query = `/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`;
        const byName = await restored.scim('GET', query, undefined, token);
        expect(byName.body.Resources.map((user: { id: string }) => user.id)).toEqual([id]);
      }
      const created = await restored.scim('POST', '/Users', entraUser('afterwards'), token);
      expect(created.status).toBe(201);
      await restored.stop();
    }
    for (const round of [1, 2]) {
      await succeed('restore', [at(`busy-${round}`)], { DATA_DIR: at(`again-${round}`) });
      await expectConsistentIndexes(at(`again-${round}`, 'store'));
    }
    await usher.stop();
  }, 120_000);
});

describe('the commands of docs/data.md', () => {
  it('back up, restore, move to a MongoDB and back; the answers stay the same', async () => {
    const usher = await Usher.start({ ...EMBEDDED, DATA_DIR: at('data') });
    const token = usher.printed('secretToken');
    await provision(usher);
    const expected = await answersOf(usher, token);

    await shell(documented('Backup'));
    for (const file of ['manifest.json', 'encryption.key', 'store/data.mdb']) {
      expect(statSync(at('backups/monday', file)).mode & 0o777).toBe(0o600);
    }
    await shell(documented('Restore'));
    // The original still runs: a copy does not take it for its own.
    expect(await answersFrom({ DATA_DIR: at('restored') }, token)).toEqual(expected);
    await usher.terminate();

    const realUri = process.env['USHER_E2E_MONGODB_URI'];
    const server = await startEmbeddedMongo({ dataDir: at('mongodb'), thread: 'inline' });
    const uri = new URL(realUri ?? server.uri);
    uri.pathname = `/moved_${process.pid}`;
    await shell(documented('Moving to MongoDB', uri.href));
    const key = readFileSync(at('data', 'encryption.key'), 'utf8').trim();
    const mongodb = { MONGODB_URI: uri.href, ENCRYPTION_KEY: key };
    expect(await answersFrom({ ...mongodb, DATA_DIR: at('unused') }, token)).toEqual(expected);

    await shell(documented('Moving back'), mongodb);
    await server.close();
    expect(readFileSync(at('new-data', 'encryption.key'), 'utf8').trim()).toBe(key);
    expect(await answersFrom({ DATA_DIR: at('new-data') }, token)).toEqual(expected);
    await usher.stop();
  }, 60_000);
});

describe('what the tools refuse', () => {
  const data = at('refusals');
  const env = { DATA_DIR: data };
  let usher: Usher;
  let token: string;

  beforeAll(async () => {
    usher = await Usher.start({ ...EMBEDDED, DATA_DIR: data });
    token = usher.printed('secretToken');
    await provision(usher);
    await succeed('backup', [at('refused-backup')], env);
    const told = await succeed('export', [at('running.jsonl')], env);
    expect(told).toMatch(/^Process \d+ was using the store/m);
  });
  afterAll(() => usher.stop());

  it('works with a running Usher only where that is safe', async () => {
    expect(await refusal('import', [at('running.jsonl')], env)).toMatch(/in use by process \d+/);
    expect(await refusal('restore', [at('refused-backup')], env)).toMatch(/in use by process \d+/);
    expect((await usher.scim('GET', '/Users', undefined, token)).body.totalResults).toBe(3);
  });

  it('takes one argument, explains itself, and knows where data is', async () => {
    for (const name of ['backup', 'restore', 'export', 'import']) {
      const { code, stdout } = await tool(name, ['--help']);
      expect([code, stdout.split(' -- ')[0]]).toEqual([0, `npm run ${name}`]);
      expect(await refusal(name, [], env)).toContain('one argument');
      expect(await refusal(name, ['--force', 'x'], env)).toContain("Unknown option '--force'");
    }
    for (const name of ['backup', 'export']) {
      expect(await refusal(name, [at('x')], { DATA_DIR: at('nothing') })).toContain('no store');
    }
    expect(existsSync(at('nothing'))).toBe(false);
    const mongodb = {
      MONGODB_URI: 'mongodb://127.0.0.1:1/x',
      ENCRYPTION_KEY: `${'A'.repeat(43)}=`,
    };
    expect(await refusal('backup', [at('x')], mongodb)).toContain('MONGODB_URI is set');
    expect(await refusal('restore', [at('x')], mongodb)).toContain('MONGODB_URI is set');
    expect(await refusal('export', [at('none', 'x')], env)).toContain('does not exist');
  }, 60_000);

  it('never writes over anything', async () => {
    mkdirSync(at('occupied'));
    writeFileSync(at('occupied', 'precious'), 'x');
    expect(await refusal('backup', [at('occupied')], env)).toContain('is not empty');
    const occupied = { DATA_DIR: at('occupied') };
    expect(await refusal('restore', [at('refused-backup')], occupied)).toContain('is not empty');
    expect(await refusal('export', [at('occupied', 'precious')], env)).toContain('exists');
    expect(readdirSync(at('occupied'))).toEqual(['precious']);
  });

  it('does not restore what is damaged or of another format', async () => {
    const fresh = { DATA_DIR: at('never') };
    const broken = at('broken');
    mkdirSync(path.join(broken, 'store'), { recursive: true });
    expect(await refusal('restore', [broken], fresh)).toContain('is not a backup');
    for (const file of ['manifest.json', 'encryption.key', 'store/data.mdb']) {
      copyFileSync(at('refused-backup', file), path.join(broken, file));
    }
    truncateSync(path.join(broken, 'store/data.mdb'), 8192);
    expect(await refusal('restore', [broken], fresh)).toContain('is not what was backed up');
    rmSync(path.join(broken, 'store/data.mdb'));
    expect(await refusal('restore', [broken], fresh)).toContain('is missing');
    writeFileSync(path.join(broken, 'manifest.json'), '{"usherBackup":2}');
    expect(await refusal('restore', [broken], fresh)).toContain('format 2');
    expect(readdirSync(at('never'))).toEqual([]);
  });

  it('does not import what is damaged, into what is not empty, or without the key', async () => {
    const key = readFileSync(path.join(data, 'encryption.key'), 'utf8').trim();
    const fresh = { DATA_DIR: at('fresh'), ENCRYPTION_KEY: key };
    const whole = readFileSync(at('running.jsonl'), 'utf8');
    const lines = whole.split('\n');
    const damaged = {
      'its end is missing': [whole.slice(0, -1), lines.slice(0, -2).join('\n')],
      'its checksum is wrong': [whole.replace('ada', 'eda'), whole.replace(`${lines[2]}\n`, '')],
      'something follows': [`${whole}${lines[1]}\n`],
      'is not an export': ['', '{}\n', 'hello\n'],
      'format 7': [whole.replace('"usherExport":1', '"usherExport":7')],
    };
    for (const [reason, contents] of Object.entries(damaged)) {
      for (const content of contents) {
        writeFileSync(at('damaged.jsonl'), content);
        const told = await refusal('import', [at('damaged.jsonl')], fresh);
        expect(told).toContain(content === '' ? 'its end is missing' : reason);
      }
    }
    const file = at('running.jsonl');
    expect(await refusal('import', [file], { DATA_DIR: at('fresh') })).toContain('there is none');
    const other = { ...fresh, ENCRYPTION_KEY: `${'A'.repeat(43)}=` };
    expect(await refusal('import', [file], other)).toContain('the one here has the id');
    expect(existsSync(at('fresh'))).toBe(false);

    await succeed('import', [file], fresh);
    expect(await refusal('import', [file], fresh)).toContain('is not empty');
    await succeed('import', ['--other-key', file], { DATA_DIR: at('other-key') });
  }, 60_000);
});

describe('an import', () => {
  it('keeps every BSON type, fields with dollar signs, and takes back what it did when stopped', async () => {
    const { Double, Int32, Long, Binary } = await import('bson');
    const server = await startEmbeddedMongo({ dataDir: at('types'), thread: 'inline' });
    const source = await RawCollections.open({ uri: server.uri, dbName: 'usher' });
    await source.insert('things', [
      {
        _id: 'a',
        one: new Int32(1),
        two: new Double(2),
        three: Long.fromNumber(3),
        zero: new Double(-0),
      },
      { _id: 'b', manager: { $ref: '../Users/1', value: '1' }, money: 'costs $5', none: null },
      {
        _id: 'c',
        blob: new Binary(Buffer.from([0, 255])),
        when: new Date(0),
        text: 'line\nfeed\u2028',
      },
    ]);
    const many = Array.from({ length: 3_000 }, (_, n) => ({ _id: `n${n}`, text: 'x'.repeat(500) }));
    await source.insert('many', many);
    const before = await bytesOf(source, 'things');
    await source.close();
    await server.close();

    mkdirSync(at('typed'));
    copyStoreTo(at('typed', 'store'));
    const key = `${'A'.repeat(43)}=`;
    await succeed('export', [at('types.jsonl')], { DATA_DIR: at('typed'), ENCRYPTION_KEY: key });
    await succeed('import', [at('types.jsonl')], { DATA_DIR: at('typed-2') });
    const copy = await startEmbeddedMongo({ dataDir: at('typed-2', 'store'), thread: 'inline' });
    const imported = await RawCollections.open({ uri: copy.uri, dbName: 'usher' });
    expect(await bytesOf(imported, 'things')).toEqual(before);
    expect(await imported.count('many')).toBe(3_000);
    await imported.close();
    await copy.close();

    const child = startTool('import', [at('types.jsonl')], { DATA_DIR: at('typed-3') });
    while (!existsSync(at('typed-3', 'store', 'data.mdb'))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await stopProcess(child, 'SIGTERM');
    // Stopped in time or done: never a part.
    if (child.exitCode !== 0)
      await succeed('import', [at('types.jsonl')], { DATA_DIR: at('typed-3') });
  }, 60_000);
});

function copyStoreTo(store: string): void {
  mkdirSync(store);
  copyFileSync(at('types', 'data.mdb'), path.join(store, 'data.mdb'));
}

async function bytesOf(collections: RawCollections, name: string): Promise<string[]> {
  const found: string[] = [];
  for await (const bytes of collections.read(name)) found.push(Buffer.from(bytes).toString('hex'));
  return found;
}
