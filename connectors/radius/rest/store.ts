/** Profiles in Usher's own tables, which FreeRADIUS never sees: it asks at every login. */
import type { CallContext, DirectoryRequest, DirectoryResponse, TestStep } from '../../spi';
import type { Realm } from '../realm';
import { resolve } from '../resolve';
import type { SqlStore } from '../sql-store/store';
import type { Profiles, ProfileStore } from '../store';
import { encodeAnswer, REJECTED, type RestAnswer, settingRule } from './encoding';
import { askedNames, isServer } from './request';

export interface RestOptions {
  readonly tables: SqlStore;
  readonly realm: Realm;
  readonly userName: string;
  readonly password: string;
}

const AUTHORIZE = '/authorize';

function respond(
  status: number,
  answer: RestAnswer | undefined,
  headers: Readonly<Record<string, string>> = {},
): DirectoryResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: answer ? JSON.stringify(answer) : '',
  };
}

export class RestStore implements ProfileStore {
  readonly notation;
  readonly rule = settingRule;

  constructor(private readonly options: RestOptions) {
    this.notation = options.tables.notation;
  }

  read<Result>(call: CallContext, work: (profiles: Profiles) => Promise<Result>): Promise<Result> {
    return this.options.tables.read(call, work);
  }

  write<Result>(call: CallContext, work: (profiles: Profiles) => Promise<Result>): Promise<Result> {
    return this.options.tables.write(call, work);
  }

  test(call: CallContext): Promise<readonly TestStep[]> {
    return this.options.tables.test(call);
  }

  close(): Promise<void> {
    return this.options.tables.close();
  }

  /** 404 for whoever is not provisioned: the module then answers `notfound`, and the server rejects. */
  async answer(request: DirectoryRequest, call: CallContext): Promise<DirectoryResponse> {
    if (!isServer(request.headers, this.options)) {
      return respond(401, undefined, { 'www-authenticate': 'Basic realm="usher"' });
    }
    if (request.path.split('?')[0] !== AUTHORIZE) return respond(404, undefined);
    if (request.method !== 'POST') return respond(405, undefined, { allow: 'POST' });
    const names = askedNames(request.body);
    if (!names) return respond(400, undefined);
    const name = this.options.realm.asked(names);
    if (name === undefined) return respond(404, undefined);
    const answer = await this.options.tables.read(call, async (profiles) => {
      const user = await profiles.named('user', name);
      if (!user) return undefined;
      const [profile] = await profiles.load('user', [user]);
      if (!profile?.active) return REJECTED;
      const groups = await profiles.groupsOf(user);
      const contents = await profiles.load('group', groups);
      const named = groups.map((group, index) => ({
        name: group.name,
        rows: contents[index]?.rows ?? { check: [], reply: [] },
      }));
      return encodeAnswer(resolve(profile, named));
    });
    return answer ? respond(200, answer) : respond(404, undefined);
  }
}
