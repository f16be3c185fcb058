/** SCIM clients and checkers of others, written in Python: installed by test/conformance/clients/python/install. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const FOLDER = 'test/conformance/clients/python';
const SOURCE = path.join(__dirname, '../..', FOLDER);
const INSTALLED = path.join(
  process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache'),
  'usher/scim-clients',
);

function isInstalled(): boolean {
  const stamp = path.join(INSTALLED, 'installed.txt');
  if (!existsSync(stamp)) return false;
  return (
    readFileSync(stamp, 'utf8') === readFileSync(path.join(SOURCE, 'requirements.txt'), 'utf8')
  );
}

/** `describe`, for suites that need these clients: without them a failure where CI is set, elsewhere one loud line. */
export function describeWithPythonClients(name: string, body: () => void): void {
  if (isInstalled()) {
    describe(name, body);
    return;
  }
  const line = `SKIPPED "${name}": needs Python's SCIM clients. Install with: apt-get install python3-venv && ${FOLDER}/install`;
  if (process.env['CI']) {
    describe(name, () => {
      it('has the clients it needs', () => {
        throw new Error(line);
      });
    });
    return;
  }
  process.stderr.write(`\n*** ${line} ***\n`);
  describe.skip(name, body);
}

export interface ClientRun {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs a program of the virtual environment to its end. */
export function runPythonClient(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ClientRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(path.join(INSTALLED, 'bin', program), args, {
      cwd: SOURCE,
      env: { PATH: process.env['PATH'], PYTHONDONTWRITEBYTECODE: '1', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output, errors }));
  });
}
