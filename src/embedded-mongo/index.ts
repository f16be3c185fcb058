import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { EmbeddedServer } from './server';
import { type ServerLimits } from './server-limits';
import { DataDirectoryLockedError } from './storage/data-directory';
import { type WorkerMessage, type WorkerTask } from './worker-message';

export { DataDirectoryLockedError } from './storage/data-directory';

/** How the embedded server is started. */
export interface EmbeddedMongoOptions {
  /** Directory that holds the database files. Created (0700) when missing. */
  dataDir: string;
  /**
   * 'worker' (default) runs the server in a worker thread so that a scan never blocks the caller's
   * event loop; 'inline' runs it on the caller's thread. Where the compiled worker file is not
   * beside this one (run from TypeScript, as under a test runner) 'inline' is used for both.
   */
  thread?: 'worker' | 'inline';
  /** What clients may take, where the usual limits do not fit. */
  limits?: Partial<ServerLimits>;
}

/** A running embedded server. */
export interface EmbeddedMongo {
  /** A base URI the official driver accepts: mongoose.connect(uri, { dbName }). */
  readonly uri: string;
  /** Stops accepting, finishes running commands, flushes, closes LMDB, removes socket and lock. */
  close(): Promise<void>;
  /** Resolves with the reason if the worker dies unexpectedly. Never settles otherwise. */
  readonly failed: Promise<Error>;
}

async function startInline({ dataDir, limits }: WorkerTask): Promise<EmbeddedMongo> {
  const server = await EmbeddedServer.start(dataDir, limits);
  return {
    uri: server.uri,
    close: () => server.close(),
    failed: new Promise<Error>(() => undefined),
  };
}

function firstMessage(worker: Worker): Promise<WorkerMessage> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the embedded server ended with code ${code}`)));
  });
}

async function startWorker(file: string, task: WorkerTask): Promise<EmbeddedMongo> {
  const worker = new Worker(file, { workerData: task });
  let closing = false;
  let lastError: Error | undefined;
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const failed = new Promise<Error>((resolve) => {
    worker.on('error', (error: Error) => (lastError = error));
    worker.on('exit', (code) => {
      const unknown = new Error(`the embedded server ended unexpectedly with code ${code}`);
      if (!closing) resolve(lastError ?? unknown);
    });
  });
  const message = await firstMessage(worker);
  if (message.type === 'failed') {
    closing = true;
    await exited;
    // An error does not keep its class on the way out of a worker thread.
    throw message.locked
      ? new DataDirectoryLockedError(message.message)
      : new Error(message.message);
  }
  const close = async (): Promise<void> => {
    if (!closing) worker.postMessage('close');
    closing = true;
    await exited;
  };
  return { uri: message.uri, close, failed };
}

/** Starts the embedded MongoDB-protocol server on a data directory. */
export async function startEmbeddedMongo(options: EmbeddedMongoOptions): Promise<EmbeddedMongo> {
  const file = join(__dirname, 'worker.js');
  const inline = options.thread === 'inline' || !existsSync(file);
  const task: WorkerTask = { dataDir: options.dataDir, limits: options.limits ?? {} };
  return inline ? startInline(task) : startWorker(file, task);
}
