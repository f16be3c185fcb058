/** A database server that several Usher processes share, in a process of its own: it can be killed, frozen and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { BUILD } from './build-output';
import { freeze, stopProcess, temporaryFolder } from './daemon';

/** The compiled server, as `npm run build` leaves it. */
const SERVER = path.join(BUILD, 'src/embedded-mongo/index.js');

const SCRIPT = `
require(${JSON.stringify(SERVER)})
  .startEmbeddedMongo({ dataDir: process.argv[1] + '/data', thread: 'inline' })
  .then(({ uri }) => process.stdout.write(uri + '\\n'));
process.on('disconnect', () => process.exit(0));
`;

export class StoreProcess {
  private child: ChildProcess | undefined;

  private constructor(
    private readonly folder: string,
    private readonly removeFolder: () => void,
  ) {}

  static async start(): Promise<StoreProcess> {
    const folder = temporaryFolder('us-');
    const store = new StoreProcess(folder.path, folder.remove);
    await store.restart();
    return store;
  }

  /** What every Usher process of this store is started with. */
  readonly environment = {
    ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    ADMIN_API_KEY: randomBytes(32).toString('hex'),
    QUICKSTART: 'off',
  };

  /** The same however often it is started. */
  get uri(): string {
    return `mongodb://${encodeURIComponent(this.socket)}/usher?directConnection=true`;
  }

  get socket(): string {
    return path.join(this.folder, 'store.sock');
  }

  async kill(): Promise<void> {
    if (this.child) await stopProcess(this.child, 'SIGKILL');
  }

  /** On the same data and at the same address. */
  async restart(): Promise<void> {
    await this.kill();
    const child = spawn(process.execPath, ['-e', SCRIPT, this.folder], {
      // The channel closes when the test process ends, however that ends.
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    this.child = child;
    const address = await new Promise<string>((resolve, reject) => {
      child.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
      child.once('exit', (code) => reject(new Error(`The store ended with ${String(code)}`)));
    });
    const [, socket = ''] = /^mongodb:\/\/([^/?]+)/.exec(address) ?? [];
    rmSync(this.socket, { force: true });
    // The server takes a new name every time.
    symlinkSync(decodeURIComponent(socket), this.socket);
  }

  /** Connections stay, and nobody answers. */
  async pause(): Promise<void> {
    await freeze(this.child);
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.resume();
    await this.kill();
    this.removeFolder();
  }
}
