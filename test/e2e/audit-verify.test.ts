/** From a SCIM request to the directory by the audit trail, and `npm run audit:verify` on what was altered. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { startEmbeddedMongo } from '../../src/embedded-mongo';
import { connect } from '../../src/store/connection';
import { BUILD } from '../support/build-output';
import { temporaryFolder } from '../support/daemon';
import { Usher } from '../support/usher';
import { entraUser } from '../support/wire';
import { until } from '../unit/delivery/world';

jest.setTimeout(180_000);

const EMBEDDED = { MONGODB_URI: '', ENCRYPTION_KEY: '' };

const folder = temporaryFolder('uv-');
const DATA_DIR = path.join(folder.path, 'data');
afterAll(() => folder.remove());

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
}

function verify(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const file = path.join(BUILD, 'src/tools/audit-verify.js');
    const env = { PATH: process.env['PATH'], ...EMBEDDED, DATA_DIR };
    const child = spawn(process.execPath, [file, ...args], { env });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.on('close', (code) => resolve({ code, stdout }));
  });
}

interface EventDocument {
  readonly _id: string;
  readonly action: string;
}

/** Writes where nobody should. */
async function alter(
  change: (events: {
    last(): Promise<EventDocument | null>;
    deleteOne(id: string): Promise<unknown>;
    rename(id: string): Promise<unknown>;
  }) => Promise<void>,
): Promise<void> {
  const server = await startEmbeddedMongo({
    dataDir: path.join(DATA_DIR, 'store'),
    thread: 'inline',
  });
  const connection = await connect({ uri: server.uri, dbName: 'usher' });
  const events = connection.collection<EventDocument>('audit_events');
  await change({
    last: () => events.findOne({ chain: { $ne: 'gateway' } }, { sort: { _id: -1 } }),
    deleteOne: (_id) => events.deleteOne({ _id }),
    rename: (_id) => events.updateOne({ _id }, { $set: { action: 'user.deleted' } }),
  });
  await connection.close();
  await server.close();
}

test('a request is followed to the directories, and what is altered afterwards is found', async () => {
  const usher = await Usher.start({ ...EMBEDDED, DATA_DIR });
  const heads = path.join(folder.path, 'heads.txt');
  try {
    const token = usher.printed('secretToken');
    const answer = await fetch(`${usher.url}/scim/v2/Users`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/scim+json',
        'user-agent': 'Entra',
        'x-request-id': 'request-1',
      },
      body: JSON.stringify(entraUser('ada@example.com')),
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('x-request-id')).toBe('request-1');
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- whatever the answer has
    const ask = async (filter: string): Promise<any[]> => {
      const query = `{ auditEvents(filter: ${filter}) { nodes { action actor { type userAgent } generation nativeChangeCount resource { ... on User { id } } } } }`;
      return (await usher.graphql(query)).auditEvents.nodes;
    };
    await until('the deliveries', async () => (await ask('{ category: DELIVERY }')).length === 2);
    const [made] = await ask('{ requestId: "request-1" }');
    expect(made).toMatchObject({
      action: 'user.created',
      actor: { type: 'SYNC_RULE', userAgent: 'Entra' },
    });
    const all = await ask(`{ userId: "${made.resource.id}", generation: ${made.generation} }`);
    expect(all.map(({ action }) => action).sort()).toEqual([
      'entry.delivered',
      'entry.delivered',
      'user.created',
    ]);
    const whole = await verify();
    expect(whole).toMatchObject({ code: 0 });
    expect(whole.stdout).toMatch(/^OK \S+ 3 [0-9a-f]{64}$/m);
    writeFileSync(heads, whole.stdout);
  } finally {
    await usher.stop();
  }
  expect(await verify(heads)).toMatchObject({ code: 0 });

  await alter(async (events) => {
    const last = await events.last();
    await events.deleteOne(last?._id ?? '');
  });
  expect(await verify()).toMatchObject({ code: 0 });
  const cut = await verify(heads);
  expect(cut.code).toBe(1);
  expect(cut.stdout).toContain('events from 3 on were removed');

  await alter(async (events) => {
    const last = await events.last();
    await events.rename(last?._id ?? '');
  });
  const changed = await verify();
  expect(changed.code).toBe(1);
  expect(changed.stdout).toContain('event 2 was changed');
});
