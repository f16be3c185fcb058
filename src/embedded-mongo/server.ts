import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { type ServerContext } from './commands/context';
import { CursorRegistry } from './commands/cursor-registry';
import { errorReply, runCommand } from './commands/dispatch';
import {
  checkFormat,
  DirectoryLock,
  newSocketPath,
  prepareDirectory,
  removeSocket,
  socketUri,
} from './storage/data-directory';
import { Store } from './storage/store';
import { WriteQueue } from './storage/write-queue';
import { TtlSweeper } from './ttl-sweeper';
import { Connection } from './wire/connection';

const SILENCE_MS = 30_000;

/** The server of one data directory, on the thread it is started on. */
export class EmbeddedServer {
  private readonly connections = new Set<Connection>();
  private lastConnectionId = 0;
  private closing: Promise<void> | undefined;
  private lock: DirectoryLock | undefined;
  readonly sweeper: TtlSweeper;

  private constructor(
    private readonly context: ServerContext,
    private readonly listener: Server,
    readonly socketPath: string,
    private readonly silenceMs: number,
  ) {
    this.sweeper = new TtlSweeper(context);
    // Until the lock is held, being connectable is all that is needed: nobody knows the path yet.
    listener.on('connection', (socket) => this.accept(socket));
  }

  /** Opens the data directory and starts to listen. */
  static async start(dataDir: string, silenceMs = SILENCE_MS): Promise<EmbeddedServer> {
    const directory = prepareDirectory(dataDir);
    const store = new Store(directory);
    try {
      checkFormat(store, directory);
      const socketPath = newSocketPath(directory);
      const listener = await listen(socketPath);
      const context = { store, writes: new WriteQueue(store), cursors: new CursorRegistry() };
      const server = new EmbeddedServer(context, listener, socketPath, silenceMs);
      try {
        server.lock = await DirectoryLock.acquire(store, directory, socketPath);
      } catch (error) {
        await closeListener(listener);
        removeSocket(socketPath);
        throw error;
      }
      server.sweeper.start();
      return server;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** A URI the official driver connects to. */
  get uri(): string {
    return socketUri(this.socketPath);
  }

  /** Answers the running commands, writes everything to disk and gives the directory free. */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    const closed = closeListener(this.listener);
    await Promise.all([...this.connections].map((connection) => connection.close()));
    await closed;
    await this.sweeper.stop();
    await this.context.writes.drained();
    this.lock?.release();
    await this.context.store.close();
    removeSocket(this.socketPath);
  }

  private accept(socket: Socket): void {
    if (this.closing !== undefined || this.lock === undefined) {
      socket.destroy();
      return;
    }
    this.lastConnectionId += 1;
    const connection = new Connection(socket, {
      id: this.lastConnectionId,
      handle: ({ body, sequences }, connectionId) =>
        runCommand(this.context, { body, sequences, connectionId }),
      errorReply,
      silenceMs: this.silenceMs,
    });
    this.connections.add(connection);
    socket.on('close', () => this.connections.delete(connection));
  }
}

function listen(path: string): Promise<Server> {
  const server = createServer({ noDelay: true });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      chmodSync(path, 0o600);
      resolve(server);
    });
  });
}

function closeListener(listener: Server): Promise<void> {
  return new Promise((resolve) => listener.close(() => resolve()));
}
