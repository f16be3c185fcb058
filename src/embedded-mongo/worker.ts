import { parentPort, workerData } from 'node:worker_threads';
import { EmbeddedServer } from './server';
import { DataDirectoryLockedError } from './storage/data-directory';
import { type WorkerMessage, type WorkerTask } from './worker-message';

/** Runs the server in this worker thread until the starter asks it to close. */
async function main(): Promise<void> {
  const port = parentPort;
  if (port === null) return;
  const tell = (message: WorkerMessage): void => port.postMessage(message);
  try {
    const { dataDir, limits } = workerData as WorkerTask;
    const server = await EmbeddedServer.start(dataDir, limits);
    port.on('message', () => void server.close().then(() => port.close()));
    tell({ type: 'ready', uri: server.uri });
  } catch (error) {
    const locked = error instanceof DataDirectoryLockedError;
    tell({
      type: 'failed',
      locked,
      message: error instanceof Error ? error.message : String(error),
    });
    port.close();
  }
}

void main();
