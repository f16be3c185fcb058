import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { type ServerContext } from './commands/context';
import { CursorRegistry } from './commands/cursor-registry';
import { errorReply, runCommand } from './commands/dispatch';
import {
  DirectoryLock,
  newSocketPath,
  prepareDirectory,
  removeSocket,
  socketUri,
} from './storage/data-directory';
import { checkFormat, upgradeFormat } from './storage/format';
import { Store } from './storage/store';
import { WriteQueue } from './storage/write-queue';
import { type ServerLimits, serverLimits } from './server-limits';
import { TtlSweeper } from './ttl-sweeper';
import { Connection } from './wire/connection';
import { ConnectionWatch } from './wire/watch';

/** At the end, a client has this long to take its last reply. */
const CLOSE_MS = 5_000;

/** The server of one data directory, on the thread it is started on. */
export class EmbeddedServer {
  private readonly connections = new Set<Connection>();
  private lastConnectionId = 0;
  private closing: Promise<void> | undefined;
  private lock: DirectoryLock | undefined;
  private readonly watch: ConnectionWatch;
  readonly sweeper: TtlSweeper;

  private constructor(
    private readonly context: ServerContext,
    private readonly listener: Server,
    readonly socketPath: string,
    private readonly limits: ServerLimits,
  ) {
    this.sweeper = new TtlSweeper(context, limits.cursorIdleMs);
    this.watch = new ConnectionWatch(limits.silenceMs, limits.heldBytes);
    // Until the lock is held, being connectable is all that is needed: nobody knows the path yet.
    listener.on('connection', (socket) => this.accept(socket));
    // A client that cannot be accepted, because the process has no file left, must not end it.
    listener.on('error', () => undefined);
  }

  /** Opens the data directory and starts to listen. */
  static async start(dataDir: string, given: Partial<ServerLimits> = {}): Promise<EmbeddedServer> {
    const limits = serverLimits(given);
    const directory = prepareDirectory(dataDir);
    const store = new Store(directory);
    try {
      checkFormat(store, directory);
      const socketPath = newSocketPath(directory);
      const listener = await listen(socketPath);
      const cursors = new CursorRegistry(limits.cursorIdleMs);
      const context = { store, writes: new WriteQueue(store), cursors };
      const server = new EmbeddedServer(context, listener, socketPath, limits);
      try {
        server.lock = await DirectoryLock.acquire(store, directory, socketPath);
        upgradeFormat(store);
      } catch (error) {
        server.lock?.release();
        server.watch.stop();
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

  /** Listens to the very end: the socket is what tells others that the directory is in use. */
  private async shutDown(): Promise<void> {
    this.watch.allow(CLOSE_MS);
    await Promise.all([...this.connections].map((connection) => connection.close()));
    await this.sweeper.stop();
    await this.context.writes.drained();
    this.lock?.release();
    await closeListener(this.listener);
    this.watch.stop();
    await this.context.store.close();
    removeSocket(this.socketPath);
  }

  private accept(socket: Socket): void {
    const full = this.connections.size >= this.limits.maxConnections;
    if (full || this.closing !== undefined || this.lock === undefined) {
      socket.destroy();
      return;
    }
    this.lastConnectionId += 1;
    const id = this.lastConnectionId;
    const connection = new Connection(socket, {
      id,
      handle: ({ body, sequences }, connectionId) =>
        runCommand(this.context, { body, sequences, connectionId }),
      errorReply,
      watch: this.watch,
    });
    this.connections.add(connection);
    socket.on('close', () => {
      this.connections.delete(connection);
      this.context.cursors.forgetConnection(id, this.connections.size === 0);
    });
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
