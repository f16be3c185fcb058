/** Real directory servers for tests: found, started on a private loopback port, killed with the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

/** A program a suite needs, and the Debian package that brings it. */
export interface Requirement {
  readonly program: string;
  readonly package: string;
  /** Where Debian puts it; the first that exists is used. */
  readonly paths: readonly string[];
}

/** The path of the program, or undefined when it is not installed. */
export function findProgram(requirement: Requirement): string | undefined {
  return requirement.paths.find((candidate) => existsSync(candidate));
}

/**
 * `describe`, for suites that need real daemons. When one is missing: a failure where CI is set, elsewhere a skipped
 * suite and one loud line that says how to install it.
 */
export function describeWith(
  requirements: readonly Requirement[],
  name: string,
  body: () => void,
): void {
  const missing = requirements.filter((requirement) => findProgram(requirement) === undefined);
  if (missing.length === 0) {
    describe(name, body);
    return;
  }
  const packages = missing.map((requirement) => requirement.package).join(' ');
  const line = `SKIPPED "${name}": needs ${missing.map((m) => m.program).join(', ')}. Install with: apt-get install ${packages}`;
  if (process.env['CI']) {
    describe(name, () => {
      it('has the daemons it needs', () => {
        throw new Error(line);
      });
    });
    return;
  }
  process.stderr.write(`\n*** ${line} ***\n`);
  describe.skip(name, body);
}

/** A fresh private folder; removed by the returned function. The name is kept short for unix socket paths. */
export function temporaryFolder(prefix = 'usher-'): { path: string; remove: () => void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), prefix));
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A loopback TCP port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Polls until the condition holds; fails with `what` after the time is up. */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  timeoutMs = 10_000,
  everyMs = 20,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if (await condition()) return;
    if (Date.now() > deadline)
      throw new Error(`gave up after ${timeoutMs} ms waiting for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Waits until the port answers, or fails when the process ends first. */
export function waitForPort(port: number, child?: ChildProcess): Promise<void> {
  return until(`port ${port}`, () => {
    if (child && child.exitCode !== null) throw new Error(`process ended with ${child.exitCode}`);
    return canConnect(port);
  });
}

/** Ends a process with the signal and waits for it to be gone. */
export function stopProcess(
  child: ChildProcess,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    child.once('exit', () => resolve());
    child.kill(signal);
  });
}

/**
 * Freezes a process: the kernel still accepts connections, nobody answers. The signal is only queued, and a thread that was
 * about to answer may still do so: it is over when every thread stands still.
 */
export async function freeze(child: ChildProcess | undefined): Promise<void> {
  if (!child) throw new Error('What does not run cannot be frozen.');
  child.kill('SIGSTOP');
  const tasks = `/proc/${child.pid}/task`;
  const stands = (thread: string): boolean =>
    /^State:\s+T/m.test(readFileSync(`${tasks}/${thread}/status`, 'utf8'));
  await until('every thread to stand still', () => readdirSync(tasks).every(stands));
}

const ESTABLISHED = '01';

/** How many connections are open to one of these ports of a loopback address; without an address, of any. */
export function connectionsTo(ports: readonly number[], address?: string): number {
  // Addresses stand there as the machine's own integers: the last byte first.
  const wanted = address?.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  const host = wanted?.reverse().join('').toUpperCase();
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => {
      const [at, port = ''] = local.split(':');
      const isThere = host === undefined || at === host;
      return state === ESTABLISHED && isThere && ports.includes(Number.parseInt(port, 16));
    }).length;
}

/** Runs a program to its end and answers its output; fails with the output when it fails. */
export function run(
  program: string,
  args: readonly string[],
  options: {
    cwd?: string;
    input?: string;
    env?: NodeJS.ProcessEnv;
    uid?: number;
    gid?: number;
  } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      uid: options.uid,
      gid: options.gid,
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${program} ended with ${code}:\n${output}`)),
    );
    // A program that ends without reading its input is judged by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}
