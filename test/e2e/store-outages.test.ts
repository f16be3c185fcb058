import path from 'node:path';
import Database from 'libsql';
import { until } from '../support/daemon';
import { StoreProcess } from '../support/store-process';
import { type ScimAnswer, Usher } from '../support/usher';
import { entraUser, patch } from '../support/wire';

/** The longest that anybody may have to wait for an answer, whatever becomes of the store. */
const LONGEST_MS = 25_000;

interface Sent {
  readonly answer: ScimAnswer;
  readonly ms: number;
}

/** A person as acknowledged; what was sent without a good answer may have been taken or not, as a whole. */
interface Person {
  readonly id: string;
  readonly name: string;
  readonly titles: string[];
}

describe('a store that goes away', () => {
  let store: StoreProcess;
  let usher: Usher;
  let token: string;
  let serial = 0;

  beforeAll(async () => {
    store = await StoreProcess.start();
    usher = await Usher.start({
      ...store.environment,
      MONGODB_URI: store.uri,
      LOG_LEVEL: 'error',
    });
    const database = { kind: 'sqlite', file: 'saml.db' };
    const settings = { database, idpEntityId: 'https://idp.example/idp' };
    const target = await usher.createTarget('SAML', 'saml', settings);
    token = (await usher.createRule('Entra', [{ targetId: target }])).token;
  }, 60_000);
  afterAll(async () => {
    await usher?.stop();
    await store.stop();
  });

  const send = async (method: string, resource: string, body?: unknown): Promise<Sent> => {
    const begun = performance.now();
    const answer = await usher.scim(method, resource, body, token);
    return { answer, ms: performance.now() - begun };
  };
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  const entries = (): ReadonlyMap<string, string> => {
    const file = path.join(usher.dataDir, 'saml.db');
    const database = new Database(file, { readonly: true, timeout: 5_000 });
    try {
      const sql = `SELECT u.username AS name, a.value AS title FROM saml_user u
                   JOIN saml_attribute a ON a.user_id = u.id WHERE a.friendly_name = 'displayName'`;
      const rows = database.prepare(sql).all() as { name: string; title: string }[];
      return new Map(rows.map(({ name, title }) => [name, title]));
    } finally {
      database.close();
    }
  };

  /** Writes all the time, until told to stop. */
  class Load {
    readonly sent: Sent[] = [];
    readonly people: Person[] = [];
    readonly unsure = new Set<string>();
    private running = true;
    private readonly ended = Promise.all(Array.from({ length: 8 }, () => this.lane()));

    async stop(): Promise<void> {
      this.running = false;
      await this.ended;
    }

    private async lane(): Promise<void> {
      await pause(1);
      while (this.running) {
        await this.create();
        await pause(40);
      }
    }

    private async create(): Promise<void> {
      const name = `s${(serial += 1)}`;
      const made = await send('POST', '/Users', entraUser(name));
      this.sent.push(made);
      if (made.answer.status !== 201) {
        this.unsure.add(name);
        return;
      }
      const person = { id: made.answer.body.id, name, titles: [`Kit ${name}`] };
      this.people.push(person);
      const change = patch({ op: 'Replace', path: 'displayName', value: `New ${name}` });
      const changed = await send('PATCH', `/Users/${person.id}`, change);
      this.sent.push(changed);
      if (changed.answer.status === 200) person.titles.splice(0);
      person.titles.push(`New ${name}`);
    }
  }

  async function checkClosedDoors(): Promise<void> {
    const begun = performance.now();
    const ready = await fetch(`${usher.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(performance.now() - begun).toBeLessThan(4_000);
    expect((await fetch(`${usher.url}/healthz`)).status).toBe(200);
    const authorization = `Bearer ${store.environment.ADMIN_API_KEY}`;
    const graphql = await fetch(`${usher.url}/graphql`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ syncRules { totalCount } }' }),
    });
    expect([graphql.status, graphql.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await graphql.json()).toMatchObject({
      errors: [
        {
          message: expect.stringContaining('database does not answer'),
          extensions: { code: 'SERVICE_UNAVAILABLE' },
        },
      ],
    });
    const metrics = await fetch(`${usher.url}/metrics`, { headers: { authorization } });
    expect(metrics.status).toBe(503);
    expect(await metrics.text()).not.toMatch(/at |Mongo|\.js/);
  }

  it.each([
    ['is killed and started again', 12_000, () => store.kill(), () => store.restart()],
    ['hangs, and goes on', 20_000, () => store.pause(), async () => store.resume()],
  ])(
    'and %s: every answer comes in time, and nothing is lost or half done',
    async (_what, ms, leave, comeBack) => {
      const load = new Load();
      await pause(1_500);
      await leave();
      const residentBefore = usher.residentMb;
      const away = pause(ms);
      await until(
        'a refusal',
        () => load.sent.some(({ answer }) => answer.status === 503),
        LONGEST_MS,
      );
      await checkClosedDoors();
      await away;
      expect(usher.residentMb - residentBefore).toBeLessThan(60);
      await comeBack();
      const before = load.sent.length;
      await until(
        'an acknowledgement',
        () => load.sent.slice(before).some(({ answer }) => answer.status === 201),
        LONGEST_MS,
      );
      await load.stop();

      const odd: number[] = [];
      for (const { answer, ms: took } of load.sent) {
        expect(took).toBeLessThan(LONGEST_MS);
        if (![200, 201, 503].includes(answer.status)) odd.push(answer.status);
        if (answer.status !== 503) continue;
        expect(answer.headers.get('retry-after')).toBe('5');
        expect(answer.headers.get('content-type')).toBe('application/scim+json');
        expect(answer.body).toEqual({
          schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
          status: '503',
          detail: expect.stringContaining('database'),
        });
      }
      const failures = usher.log.split('\n').filter((line) => line.includes('SCIM request'));
      expect({ odd, failures: failures.slice(0, 3) }).toEqual({ odd: [], failures: [] });
      expect(usher.isRunning).toBe(true);

      // What was refused may have been taken all the same; then it is there as a whole, and is delivered.
      const known = new Map(load.people.map((person) => [person.name, person]));
      for (const name of load.unsure) {
        const found = await send(
          'GET',
          `/Users?filter=${encodeURIComponent(`userName eq "${name}"`)}`,
        );
        expect(found.answer.status).toBe(200);
        for (const { id, displayName } of found.answer.body.Resources ?? []) {
          known.set(name, { id, name, titles: [displayName] });
        }
      }
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
      const { bindings } = await usher.graphql('{ bindings(states: [PARKED]) { totalCount } }');
      expect(bindings.totalCount).toBe(0);
      const there = entries();
      for (const { name, titles } of known.values()) expect(titles).toContain(there.get(name));
      for (const name of load.unsure) expect(there.has(name)).toBe(known.has(name));
      const isReady = async () => (await fetch(`${usher.url}/readyz`)).status === 200;
      await until('it to be ready', isReady, LONGEST_MS);
    },
    180_000,
  );
});
