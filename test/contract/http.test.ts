/** The whole contract against a real process, once with each way to show who asks. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import Database from 'libsql';
import { connector } from '../../connectors/http';
import { type Attributes } from '../../connectors/spi';
import { freePort, stopProcess, temporaryFolder, waitForPort } from '../support/daemon';
import { describeConnector, type Directory } from './connector.contract';

const SERVICE = path.join(__dirname, '../support/http-service.cjs');
const SECRET = 'a-secret-of-the-service';

/** The service in a process, and its file read with plain SQL. */
async function startService(authentication: 'bearer' | 'hmac'): Promise<Directory> {
  const folder = temporaryFolder();
  const file = path.join(folder.path, 'service.db');
  const port = await freePort();
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    child = spawn(process.execPath, [SERVICE, String(port), file, SECRET, authentication], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await waitForPort(port, child);
  };
  await start();
  const eyes = new Database(file, { readonly: true });
  const column = (text: string, ...values: readonly string[]): unknown[] =>
    eyes.prepare(text).raw().all(values).flat();
  return {
    settings: {
      url: `http://127.0.0.1:${port}/usher`,
      authentication,
      pageSize: 20,
      memberChunk: 100,
    },
    secrets: { secret: SECRET },
    wrongSecrets: { secret: 'another-secret' },
    entry: async (kind, name) => {
      const [json] = column('SELECT attributes FROM entry WHERE kind = ? AND name = ?', kind, name);
      if (typeof json !== 'string') return undefined;
      return { ...(JSON.parse(json) as Attributes), name: [name] };
    },
    count: async (kind) => Number(column('SELECT count(*) FROM entry WHERE kind = ?', kind)[0]),
    members: async (group) =>
      column(
        `SELECT u.name FROM entry g JOIN member m ON m.group_id = g.id
         JOIN entry u ON u.id = m.user_id WHERE g.kind = 'group' AND g.name = ?`,
        group,
      ).map(String),
    active: async (name) => column('SELECT active FROM entry WHERE name = ?', name)[0] === 1,
    connections: async () => {
      const answer = once(child, 'message');
      child.send('connections');
      return Number((await answer)[0]);
    },
    kill: () => stopProcess(child, 'SIGKILL'),
    restart: start,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    stop: async () => {
      eyes.close();
      await stopProcess(child, 'SIGKILL');
      folder.remove();
    },
  };
}

describe.each(['bearer', 'hmac'] as const)('http with %s', (authentication) => {
  describeConnector({
    type: connector,
    start: () => startService(authentication),
    user: (name) => ({ name: [name], displayName: ['Ada Lovelace'], mail: ['ada@example.com'] }),
    group: (name) => ({ name: [name] }),
    replaceable: { attribute: 'displayName', optional: true },
    multiValued: 'mail',
    names: { refused: ['x'.repeat(257)] },
    wrongSettings: [
      { settings: { url: 'http://app.example.com' }, path: 'url' },
      { settings: { url: 'https://ada:lovelace@app.example.com' }, path: 'url' },
      { settings: { url: 'https://app.example.com/?a=b' }, path: 'url' },
      { settings: { url: 'http://169.254.169.254/', allowHttp: true }, path: 'url' },
      { settings: { ca: 'no certificate' }, path: 'ca' },
      { settings: { header: 'Content-Length' }, path: 'header' },
      { settings: { timeoutSeconds: 60 }, path: 'timeoutSeconds' },
    ],
    listSize: 90,
    groupSize: 250,
    maxConnections: 4,
  });
});
