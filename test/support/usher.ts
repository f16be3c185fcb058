/** The program as people run it: a process of its own, spoken to over HTTP only. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { BUILD } from './build-output';
import { freePort, freeze, stopProcess, temporaryFolder } from './daemon';

/** What the first start prints, by the beginning of the line (design 5.1). */
const PRINTED = {
  scimUrl: 'SCIM base URL: ',
  secretToken: 'Secret token: ',
  graphqlUrl: 'GraphQL: ',
  adminKey: 'Administrator key: ',
} as const;

export interface ScimAnswer {
  readonly status: number;
  readonly headers: Headers;
  // Tests read whatever an answer has.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

export class Usher {
  private child: ChildProcess | undefined;
  /** Everything written to standard output and standard error since the first start. */
  output = '';
  log = '';

  private constructor(
    readonly dataDir: string,
    readonly port: number,
    private readonly environment: NodeJS.ProcessEnv,
    private readonly cleanUp: () => void,
  ) {}

  /** Starts on an empty folder; `environment` adds to the defaults, and MONGODB_URI '' means the embedded store. */
  static async start(environment: NodeJS.ProcessEnv = {}): Promise<Usher> {
    const folder = temporaryFolder('ue-');
    const testUri = process.env['USHER_E2E_MONGODB_URI'];
    const store = testUri
      ? {
          MONGODB_URI: databaseOf(testUri, `usher_e2e_${randomBytes(6).toString('hex')}`),
          ENCRYPTION_KEY: randomBytes(32).toString('base64'),
        }
      : {};
    const usher = new Usher(
      path.join(folder.path, 'data'),
      await freePort(),
      { LOG_LEVEL: 'warn', ...store, ...environment },
      folder.remove,
    );
    await usher.boot();
    return usher;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** A value that the first start printed. */
  printed(what: keyof typeof PRINTED): string {
    const line = this.output.split('\n').find((one) => one.startsWith(PRINTED[what]));
    if (line === undefined) throw new Error(`"${PRINTED[what]}" was not printed:\n${this.output}`);
    return line.slice(PRINTED[what].length).trim();
  }

  /** Starts the process (again) on the same folder and port; resolves once it answers. */
  async boot(): Promise<void> {
    const child = spawn(
      process.execPath,
      ['--enable-source-maps', path.join(BUILD, 'src/main.js')],
      {
        env: {
          PATH: process.env['PATH'],
          PORT: String(this.port),
          DATA_DIR: this.dataDir,
          ...this.environment,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.child = child;
    child.stdout.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
    const deadline = Date.now() + 120_000;
    for (;;) {
      if (child.exitCode !== null) {
        throw new Error(`Usher ended with ${child.exitCode}:\n${this.output}\n${this.log}`);
      }
      if (await this.isReady()) return;
      if (Date.now() > deadline) throw new Error(`Usher does not get ready:\n${this.log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Ends the process at once, as a power cut would. */
  async kill(): Promise<void> {
    if (this.child) await stopProcess(this.child, 'SIGKILL');
  }

  /** Ends the process in an orderly way and leaves the folder. */
  async terminate(): Promise<number | null> {
    if (!this.child) return null;
    await stopProcess(this.child, 'SIGTERM');
    return this.child.exitCode;
  }

  /** Stops every thread of the process, as a machine that is suspended would. */
  async pause(): Promise<void> {
    await freeze(this.child);
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  get isRunning(): boolean {
    return this.child !== undefined && this.child.exitCode === null && !this.child.signalCode;
  }

  /** Memory that the process holds now, in MB. */
  get residentMb(): number {
    return this.memoryMb('VmRSS');
  }

  /** The part of it that is no mapped file: the embedded store's data stays in memory as long as nobody else needs it. */
  get ownMb(): number {
    return this.memoryMb('RssAnon');
  }

  private memoryMb(field: string): number {
    const status = readFileSync(`/proc/${String(this.child?.pid)}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024;
  }

  async stop(): Promise<void> {
    this.resume();
    await this.terminate();
    this.cleanUp();
  }

  async scim(
    method: string,
    resource: string,
    body?: unknown,
    token = this.printed('secretToken'),
  ): Promise<ScimAnswer> {
    const response = await fetch(`${this.url}/scim/v2${resource}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/scim+json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    };
  }

  /** Runs a GraphQL operation; fails on top-level errors. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  async graphql(query: string, variables: object = {}, key = this.adminKey()): Promise<any> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const answer = (await response.json()) as { data?: unknown; errors?: readonly unknown[] };
    if (answer.errors) throw new Error(JSON.stringify(answer.errors, null, 2));
    return answer.data;
  }

  /** Creates a target, and answers its id. */
  async createTarget(
    name: string,
    connector: string,
    settings: object,
    secrets: object = {},
  ): Promise<string> {
    const { targetCreate } = await this.graphql(
      `mutation ($input: TargetCreateInput!) {
         targetCreate(input: $input) { target { id } userErrors { field message } }
       }`,
      { input: { name, connector, settings, secrets } },
    );
    if (!targetCreate.target) throw new Error(JSON.stringify(targetCreate.userErrors));
    return targetCreate.target.id as string;
  }

  /** Creates a rule that syncs to the targets, with `more` of its input, and answers its id and secret token. */
  async createRule(
    name: string,
    syncAs: readonly object[],
    more: object = {},
  ): Promise<{ id: string; token: string }> {
    const { syncRuleCreate } = await this.graphql(
      `mutation ($input: SyncRuleCreateInput!) {
         syncRuleCreate(input: $input) { syncRule { id } secretToken userErrors { field message } }
       }`,
      { input: { name, syncAs, ...more } },
    );
    if (!syncRuleCreate.syncRule) throw new Error(JSON.stringify(syncRuleCreate.userErrors));
    return { id: syncRuleCreate.syncRule.id, token: syncRuleCreate.secretToken };
  }

  private adminKey(): string {
    return this.environment['ADMIN_API_KEY'] ?? this.printed('adminKey');
  }

  private async isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/readyz`)).ok;
    } catch {
      return false;
    }
  }
}

function databaseOf(uri: string, name: string): string {
  const url = new URL(uri);
  url.pathname = `/${name}`;
  return url.toString();
}
