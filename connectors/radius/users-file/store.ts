/** Profiles in a users file. Changes that come together are written together; the server reads them at `flush`. */
import path from 'node:path';
import type { CallContext, TestStep } from '../../spi';
import { step } from '../../sql/checks';
import { closed, timedOut } from '../../sql/errors';
import { queueOf } from '../../sql/queue';
import type { Realm } from '../realm';
import { groupRule } from '../resolve';
import type { FilesSettings } from '../settings';
import type { Profiles, ProfileStore } from '../store';
import { type Identity, UsersFileOnDisk } from './file';
import { fileNotation } from './notation';
import { FileProfiles } from './profiles';
import { fileOf } from './radmin';
import { Reloader } from './reload';
import { State } from './state';
import { checkStoredName, readUsersFile, UsersFileWriter } from './text';

/** A change that waits for its turn. */
interface Change {
  readonly call: CallContext;
  /** Applies it to a fork of the state, and answers the fork. */
  readonly apply: (state: State) => Promise<State>;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

export interface FilesOptions {
  readonly settings: FilesSettings;
  readonly probeSecret: string;
  readonly dataDir: string;
  readonly realm: Realm;
}

export class UsersFileStore implements ProfileStore {
  readonly notation;
  readonly rule = groupRule;
  readonly checkName = checkStoredName;
  private readonly file: UsersFileOnDisk;
  private readonly writer: UsersFileWriter;
  private readonly reloader: Reloader;
  private cached: { readonly identity: Identity | undefined; readonly state: State } | undefined;
  private waiting: Change[] = [];
  private isClosed = false;
  private isSwept = false;

  constructor(private readonly options: FilesOptions) {
    const { settings, dataDir, probeSecret } = options;
    const file = path.resolve(dataDir, settings.usersFile);
    this.file = new UsersFileOnDisk(file, parseInt(settings.fileMode, 8));
    this.writer = new UsersFileWriter(options.realm);
    this.notation = fileNotation(file);
    const radmin = { ...settings.radmin, socket: path.resolve(dataDir, settings.radmin.socket) };
    this.reloader = new Reloader({ radmin, probe: { ...settings.probe, secret: probeSecret } });
  }

  async read<Result>(
    call: CallContext,
    work: (profiles: Profiles) => Promise<Result>,
  ): Promise<Result> {
    this.check(call);
    return work(new FileProfiles(await this.load()));
  }

  write<Result>(call: CallContext, work: (profiles: Profiles) => Promise<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.check(call);
      let result: Result;
      const apply = async (state: State): Promise<State> => {
        const fork = state.fork();
        result = await work(new FileProfiles(fork));
        if (!fork.dirty) return state;
        this.writer.check(fork);
        return fork;
      };
      this.waiting.push({ call, apply, done: () => resolve(result), failed: reject });
      if (this.waiting.length === 1) void queueOf(this.file.file).run(() => this.writeAll());
    });
  }

  async flush(call: CallContext): Promise<void> {
    this.check(call);
    const { revision } = await this.load();
    // Nothing was ever written.
    if (revision.number > 0) await this.reloader.ensure(revision, call);
  }

  async test(call: CallContext): Promise<readonly TestStep[]> {
    const steps: TestStep[] = [];
    const next = async (name: string, work: () => Promise<string>): Promise<void> => {
      if (steps.every(({ state }) => state === 'ok')) steps.push(await step(name, work));
    };
    await next('users file', async () => {
      await this.create(call);
      return `${this.file.file} can be written`;
    });
    await next('radmin', async () => {
      const { radmin } = this.options.settings;
      const socket = path.resolve(this.options.dataDir, radmin.socket);
      return `${radmin.module} reads ${await fileOf({ ...radmin, socket }, call.signal)}`;
    });
    await next('reload', async () => {
      await this.flush(call);
      return 'the server has read the users file';
    });
    return steps;
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await queueOf(this.file.file).run(async () => this.file.close());
  }

  /** Makes the file where there is none, as a server that includes it will not start without. */
  private async create(call: CallContext): Promise<void> {
    this.check(call);
    await queueOf(this.file.file).run(() =>
      this.file.locked(async () => {
        const state = await this.load();
        if (state.revision.number === 0) await this.save(state);
      }),
    );
  }

  private check(call: CallContext): void {
    if (this.isClosed) throw closed();
    if (call.signal.aborted) throw timedOut('none');
  }

  /** The state on disk. Reading takes no lock: the file is there whole at any time. */
  private async load(): Promise<State> {
    for (;;) {
      const identity = this.file.identity();
      if (this.cached && this.cached.identity === identity) return this.cached.state;
      const state = identity ? readUsersFile(await this.file.read()) : State.empty();
      if (this.file.identity() !== identity) continue;
      this.cached = { identity, state };
      return state;
    }
  }

  /** Everything that waits, in one rewrite. */
  private async writeAll(): Promise<void> {
    const changes = this.waiting;
    this.waiting = [];
    const accepted: Change[] = [];
    try {
      if (this.isClosed) throw closed();
      await this.file.locked(async () => {
        const before = await this.load();
        let state = before;
        for (const change of changes) {
          try {
            this.check(change.call);
            state = await change.apply(state);
            accepted.push(change);
          } catch (error) {
            change.failed(error);
          }
        }
        if (state !== before) await this.save(state);
      });
      for (const change of accepted) change.done();
    } catch (error) {
      for (const change of changes) change.failed(error);
    }
  }

  private async save(state: State): Promise<void> {
    const next = state.next();
    if (!this.isSwept) await this.file.sweep();
    this.isSwept = true;
    await this.file.replace(this.writer.write(next));
    this.cached = { identity: this.file.identity(), state: next };
  }
}
