/** The embedded server alone in a process: what it needs to start, and how much memory it takes. */
import { fork } from 'node:child_process';
import { EmbeddedServer } from '../src/embedded-mongo/server';

/** What a process with nothing but the server in it reports. */
export interface ServerAlone {
  /** From opening the directory until the socket accepts connections. */
  readonly startMs: number;
  readonly rssMb: number;
}

async function serve(dataDir: string): Promise<void> {
  const begin = performance.now();
  const server = await EmbeddedServer.start(dataDir);
  const startMs = performance.now() - begin;
  const rssMb = process.memoryUsage.rss() / 1e6;
  await server.close();
  process.send?.({ startMs, rssMb } satisfies ServerAlone);
}

/** Starts the server on a directory in a process of its own, and stops it again. */
export function serverAlone(dataDir: string): Promise<ServerAlone> {
  return new Promise((resolve, reject) => {
    const child = fork(__filename, [dataDir]);
    child.once('message', (report) => resolve(report as ServerAlone));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the server alone ended with code ${code}`)));
  });
}

if (require.main === module) void serve(process.argv[2] ?? '');
