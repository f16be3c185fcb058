import { describeWith, until } from '../support/daemon';
import { ldapTarget } from '../support/ldap-target';
import { SLAPD, type Slapd, startSlapd } from '../support/slapd';
import { Usher } from '../support/usher';
import { entraUser, patch } from '../support/wire';

const KILLS = 20;
const WRITES_PER_SECOND = 50;

/** What an acknowledgement promised about a user. */
interface Promised {
  readonly id: string;
  /** Values of familyName that may stand: the last acknowledged one, and any sent later without an answer. */
  familyNames: string[];
  /** True and false as acknowledged; both while an answer is missing. */
  deleted: (true | false)[];
}

describeWith([SLAPD], 'kill -9 of Usher under load, with slapd killed too', () => {
  let slapd: Slapd;
  let usher: Usher;
  let token: string;

  beforeAll(async () => {
    [slapd, usher] = await Promise.all([
      startSlapd({ durable: true }),
      Usher.start({ QUICKSTART: 'off' }),
    ]);
    const target = await usher.createTarget('LDAP', 'ldap', ...ldapTarget(slapd));
    token = (await usher.createRule('Entra', [{ targetId: target }])).token;
  });
  afterAll(async () => {
    await usher.stop();
    await slapd.stop();
  });

  it(`loses nothing it acknowledged in ${KILLS} kills`, async () => {
    const users = new Map<string, Promised>();
    let running = true;
    let acknowledged = 0;
    let next = 0;

    /** Sends a request; undefined when no answer came. */
    const send = async (method: string, resource: string, body?: unknown) => {
      try {
        const answer = await usher.scim(method, resource, body, token);
        if (answer.status < 300) acknowledged += 1;
        return answer;
      } catch {
        return undefined;
      }
    };

    const create = async (): Promise<void> => {
      const name = `u${(next += 1)}`;
      const answer = await send('POST', '/Users', entraUser(name));
      if (answer?.status === 201) {
        users.set(name, { id: answer.body.id, familyNames: [name], deleted: [false] });
      }
    };
    const change = async (user: Promised): Promise<void> => {
      const familyName = `F${(next += 1)}`;
      user.familyNames.push(familyName);
      const answer = await send(
        'PATCH',
        `/Users/${user.id}`,
        patch({ op: 'Replace', path: 'name.familyName', value: familyName }),
      );
      if (answer?.status === 200) user.familyNames = [familyName];
    };
    const remove = async (user: Promised): Promise<void> => {
      user.deleted = [false, true];
      const answer = await send('DELETE', `/Users/${user.id}`);
      // 404: an earlier DELETE without an answer had taken effect.
      if (answer?.status === 204 || answer?.status === 404) user.deleted = [true];
    };

    const busy = new Set<Promised>();
    const step = async (): Promise<void> => {
      const dice = Math.random();
      const idle = [...users.values()].filter(
        (one) => !busy.has(one) && one.deleted.length === 1 && one.deleted[0] === false,
      );
      const user = idle[Math.floor(Math.random() * idle.length)];
      if (!user || dice < 0.5) return create();
      busy.add(user);
      await (dice < 0.9 ? change(user) : remove(user));
      busy.delete(user);
    };
    const load = (async () => {
      const steps = new Set<Promise<void>>();
      while (running) {
        const promise: Promise<void> = step().finally(() => steps.delete(promise));
        steps.add(promise);
        await new Promise((resolve) => setTimeout(resolve, 1_000 / WRITES_PER_SECOND));
      }
      await Promise.all(steps);
    })();

    for (let kill = 1; kill <= KILLS; kill += 1) {
      await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 800));
      if (kill % 5 === 0) await slapd.kill('SIGKILL');
      await usher.kill();
      await usher.boot();
      if (kill % 5 === 0) await slapd.restart();
    }
    running = false;
    await load;

    await until(
      'everything to be delivered',
      async () => {
        const { bindings } = await usher.graphql(
          '{ bindings(states: [PENDING, DELIVERING, RETRYING], first: 1) { totalCount } }',
        );
        return bindings.totalCount === 0;
      },
      60_000,
      200,
    );
    expect(acknowledged).toBeGreaterThan(KILLS * 5);

    const wrong: string[] = [];
    const entries = new Map<string, readonly string[][]>();
    for (const entry of await slapd.search('(uid=u*)', ['uid', 'sn'])) {
      const uid = entry.attributes['uid']?.[0] ?? '';
      entries.set(uid, [...(entries.get(uid) ?? []), [...(entry.attributes['sn'] ?? [])]]);
    }
    for (const [name, user] of users) {
      const found = entries.get(name) ?? [];
      const expected = found.length === 0;
      if (!user.deleted.includes(expected)) wrong.push(`${name}: ${found.length} entries`);
      if (found.length > 1) wrong.push(`${name} is there ${found.length} times`);
      const sn = found[0]?.[0];
      if (sn !== undefined && !user.familyNames.includes(sn)) {
        wrong.push(`${name}: sn is ${sn}, acknowledged was ${user.familyNames.join(' or ')}`);
      }
    }
    expect(wrong).toEqual([]);
    const { bindings } = await usher.graphql('{ bindings(states: [PARKED]) { totalCount } }');
    expect(bindings.totalCount).toBe(0);
  }, 240_000);
});
