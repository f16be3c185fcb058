/** Several servers of one directory, and servers in trouble. */
import {
  type Connector,
  type ConnectorError,
  type EntryRef,
  type Written,
} from '../../connectors/spi';
import { describeWith, until } from '../support/daemon';
import { Forwarder } from '../support/forwarder';
import { addUser, deliverUser, type LdapOverrides, openLdap } from '../support/open-ldap';
import { type Slapd, SLAPD, type SlapdOptions, startSlapd } from '../support/slapd';
import { call, collect, failure } from './connector.contract';

const TRANSPORTS = ['plain', 'StartTLS', 'ldaps'] as const;
type Transport = (typeof TRANSPORTS)[number];

/** Short enough for a test, and for a server that answers at once long enough. */
const TIMES = { operationTimeoutMs: 500, connectTimeoutMs: 500, replicationDelayMs: 0 };

describeWith([SLAPD], 'several LDAP servers', () => {
  const cleanup: (() => Promise<unknown> | void)[] = [];
  let server: Slapd;

  const start = async (options: SlapdOptions = {}): Promise<Slapd> => {
    const started = await startSlapd(options);
    cleanup.push(() => started.stop());
    return started;
  };
  const forward = async (port: number | string): Promise<Forwarder> => {
    const forwarder = await Forwarder.start(Number(port));
    cleanup.push(() => forwarder.stop());
    return forwarder;
  };
  const open = (overrides: LdapOverrides, on = server, log: string[] = []): Connector => {
    const connector = openLdap(on, { ...TIMES, ...overrides }, (level, message) =>
      log.push(`${level} ${message}`),
    );
    cleanup.push(() => connector.close());
    return connector;
  };

  beforeAll(async () => {
    server = await start();
  });
  afterAll(async () => {
    for (const clean of cleanup.reverse()) await clean();
  });

  describe.each(TRANSPORTS)('over %s', (transport: Transport) => {
    let [first, second]: Forwarder[] = [];

    const both = (overrides: LdapOverrides = {}): LdapOverrides => {
      const scheme = transport === 'ldaps' ? 'ldaps' : 'ldap';
      return {
        url: first!.url(scheme),
        failoverUrls: [second!.url(scheme)],
        ...(transport === 'plain' ? {} : { caCertificate: server.ca }),
        ...(transport === 'StartTLS' ? { startTls: true } : {}),
        ...overrides,
      };
    };

    beforeAll(async () => {
      const port = transport === 'ldaps' ? new URL(server.ldapsUrl).port : server.port;
      first = await forward(port);
      second = await forward(port);
    });
    beforeEach(async () => {
      for (const forwarder of [first, second]) {
        await forwarder!.listen();
        forwarder!.drop();
      }
    });

    it('prefers the first', async () => {
      const before = second!.accepted;
      const connector = open(both());
      await addUser(connector, `preferred-${transport}`);
      expect(second!.accepted).toBe(before);
    });

    it('goes to the second when the first refuses, without a word to the caller', async () => {
      await first!.refuse();
      const written = await addUser(open(both()), `refused-${transport}`);
      expect(written.reference).not.toBe('');
    });

    it('goes to the second when the first takes connections and says nothing', async () => {
      first!.blackHole();
      const started = Date.now();
      await addUser(open(both()), `swallowed-${transport}`);
      expect(Date.now() - started).toBeLessThan(5_000);
    });

    it('goes on at the second when the first dies under a connection', async () => {
      const connector = open(both());
      const written = await addUser(connector, `dies-${transport}`);
      await first!.refuse();
      expect(await connector.read('user', written, call())).toBeDefined();
      await connector.update('user', written, [{ attribute: 'sn', replace: ['There'] }], call());
      const [entry] = await server.search(`(uid=dies-${transport})`, ['sn']);
      expect(entry?.attributes['sn']).toEqual(['There']);
    });

    it('leaves a first that falls silent under a connection after two calls in vain', async () => {
      const connector = open(both({ connections: 1 }));
      const written = await addUser(connector, `silent-${transport}`);
      first!.blackHole();
      const kinds: string[] = [];
      await until('an answer', async () => {
        const outcome = await connector.read('user', written, call()).then(
          (entry) => entry?.name,
          (error: ConnectorError) => void kinds.push(error.kind),
        );
        return outcome === written.name;
      });
      expect(kinds.length).toBeLessThanOrEqual(2);
    });

    it('goes back to the first when that is there again', async () => {
      const log: string[] = [];
      const connector = open(both({ switchBackMs: 1_000 }), server, log);
      await first!.refuse();
      const written = await addUser(connector, `back-${transport}`);
      await first!.listen();
      const before = first!.accepted;
      await until('the first to be used', async () => {
        expect(await connector.read('user', written, call())).toBeDefined();
        return first!.accepted > before && second!.connections === 0;
      });
      expect(log).toContain('info back at the preferred server of the directory');
      await second!.refuse();
      expect(await connector.read('user', written, call())).toBeDefined();
    });

    it('names all that was tried when nobody is there, and recovers', async () => {
      await Promise.all([first!.refuse(), second!.refuse()]);
      const connector = open(both());
      const anyone: EntryRef = { reference: 'x', name: 'uid=x' };
      const error = await failure(connector.read('user', anyone, call()));
      expect([error.kind, error.outcome]).toEqual(['unavailable', 'none']);
      for (const { port } of [first!, second!]) expect(error.message).toContain(String(port));
      await second!.listen();
      await until('the second', () =>
        connector.read('user', anyone, call()).then(
          (entry) => entry === undefined,
          () => false,
        ),
      );
    });

    it('has every entry exactly once while both are killed in turn under load', async () => {
      const connector = open(both({ switchBackMs: 1_000, replicationDelayMs: 50 }));
      const names = Array.from({ length: 400 }, (_, one) => `turn-${transport}-${one}`);
      let next = 0;
      const worker = async (): Promise<void> => {
        for (let name = names[next++]; name !== undefined; name = names[next++]) {
          await deliverUser(connector, name, 25_000);
        }
      };
      const workers = Promise.all(Array.from({ length: 16 }, worker));
      for (let round = 0; round < 4; round += 1) {
        const victim = round % 2 === 0 ? first! : second!;
        await new Promise((resolve) => setTimeout(resolve, 150));
        await victim.refuse();
        await new Promise((resolve) => setTimeout(resolve, 200));
        await victim.listen();
      }
      await workers;
      const found = await server.search(`(uid=turn-${transport}-*)`, ['uid']);
      expect(found.map((entry) => entry.attributes['uid']?.[0]).sort()).toEqual([...names].sort());
    });
  });

  it('asks nobody else when the password is wrong', async () => {
    const [first, second] = [await forward(server.port), await forward(server.port)];
    const wrong = { ...server, bindPassword: 'wrong', url: first.url() };
    const connector = openLdap(wrong, { failoverUrls: [second.url()] });
    cleanup.push(() => connector.close());
    const error = await failure(addUser(connector, 'nobody'));
    expect(error.kind).toBe('unavailable');
    expect(error.message).toContain('wrong bind DN or password');
    expect(second.accepted).toBe(0);
  });

  it('does not use a server whose certificate it does not trust', async () => {
    const stranger = await start({ copyOf: server });
    const connector = open({
      url: stranger.ldapsUrl,
      failoverUrls: [server.ldapsUrl],
      caCertificate: server.ca,
    });
    await addUser(connector, 'trusting');
    expect(await stranger.count('(uid=trusting)')).toBe(0);
    expect(await server.count('(uid=trusting)')).toBe(1);
  });

  it('refuses a server that holds another directory, and says so in the test', async () => {
    const [first, other] = [await forward(server.port), await start()];
    const connector = open({ url: first.url(), failoverUrls: [other.url] });
    await addUser(connector, 'here');
    const steps = await connector.test(call());
    expect(steps.find((step) => step.name === 'failover-1')).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('another directory') as string,
    });
    await first.refuse();
    // What is sent before the end of a connection is seen has an unknown outcome.
    await failure(connector.read('user', { reference: 'x', name: 'uid=x' }, call()));
    const error = await failure(addUser(connector, 'there'));
    expect([error.kind, error.outcome]).toEqual(['unavailable', 'none']);
    expect(error.message).toContain('another directory');
    expect(await other.count('(uid=there)')).toBe(0);
  });

  it('tests every server', async () => {
    const [first, second] = [await forward(server.port), await forward(server.port)];
    const connector = open({ url: first.url(), failoverUrls: [second.url()] });
    const good = await connector.test(call());
    expect(good.find((step) => step.name === 'failover-1')?.state).toBe('ok');
    await second.refuse();
    const steps = await connector.test(call());
    const failed = steps.filter((step) => step.state !== 'ok');
    expect(failed.map(({ name, state }) => [name, state])).toEqual([['failover-1', 'failed']]);
    expect(failed[0]?.message).toContain(String(second.port));
  });

  it('waits at the second until it can have heard what the first was told', async () => {
    const [first, second] = [await forward(server.port), await forward(server.port)];
    const settings = { url: first.url(), failoverUrls: [second.url()], replicationDelayMs: 900 };
    const connector = open(settings);
    await addUser(connector, 'told');
    const written = Date.now();
    await first.refuse();
    await deliverUser(connector, 'told-later', 10_000);
    expect(Date.now() - written).toBeGreaterThanOrEqual(850);
    expect(second.accepted).toBeGreaterThan(0);
  });

  describe('a replica', () => {
    let replica: Slapd;

    beforeAll(async () => {
      const { url, bindDN, bindPassword, baseDN } = server;
      replica = await start({
        copyOf: server,
        databaseLines: [
          `syncrepl rid=001 provider=${url} type=refreshAndPersist retry="1 +" searchbase="${baseDN}"` +
            ` bindmethod=simple binddn="${bindDN}" credentials="${bindPassword}"`,
          `updateref ${url}`,
        ],
      });
    });

    it('is left for the server that takes writes', async () => {
      const connector = open({ url: replica.url, failoverUrls: [server.url] });
      const { written } = await deliverUser(connector, 'not-at-the-replica', 10_000);
      expect(await server.count('(uid=not-at-the-replica)')).toBe(1);
      await until(
        'the replica to hear of it',
        async () => (await replica.count('(uid=not-at-the-replica)')) === 1,
      );
      expect(await connector.read('user', written, call())).toBeDefined();
    });

    it('alone is a mistake in the settings', async () => {
      const error = await failure(addUser(open({ url: replica.url }), 'alone'));
      expect([error.kind, error.outcome]).toEqual(['invalid', 'none']);
      expect(error.message).toContain('referral');
    });
  });

  it('waits for a server that is read-only for a while', async () => {
    const own = await start({ copyOf: server, databaseLines: ['readonly on'] });
    const error = await failure(addUser(open({}, own), 'maintenance'));
    expect([error.kind, error.outcome]).toEqual(['unavailable', 'none']);
    expect(error.message).toContain('takes no writes');
    const connector = open({ url: own.url, failoverUrls: [server.url] });
    await deliverUser(connector, 'maintenance', 10_000);
    expect(await server.count('(uid=maintenance)')).toBe(1);
  });

  describe('answers that cannot be', () => {
    let forwarder: Forwarder;
    let connector: Connector;
    let written: Written;
    const update = (): Promise<Written> =>
      connector.update('user', written, [{ attribute: 'title', replace: ['x'] }], call());

    beforeAll(async () => {
      forwarder = await forward(server.port);
      connector = open({ url: forwarder.url(), operationTimeoutMs: 2_000 });
      written = await addUser(connector, 'tampered');
    });
    afterEach(async () => {
      forwarder.tamper((answer) => answer);
      await until('the connector to recover', () =>
        connector.read('user', written, call()).then(Boolean, () => false),
      );
    });

    it.each([
      ['garbage', () => Buffer.from('\u0000\u0001garbage')],
      ['another protocol', () => Buffer.from('220 smtp ready\r\n')],
      ['garbage behind the answer', (a: Buffer) => Buffer.concat([a, Buffer.from('zzz')])],
      [
        'a result cut short',
        (a: Buffer) =>
          Buffer.concat([Buffer.from('30050201', 'hex'), a.subarray(4, 6), Buffer.of(0)]),
      ],
      ['an impossible length', () => Buffer.from('3084ffffffff0201', 'hex')],
    ])('%s: fails at once, with an unknown outcome for a write', async (_, tamper) => {
      forwarder.tamper(tamper);
      const started = Date.now();
      const error = await failure(update());
      expect([error.kind, error.outcome]).toEqual(['unavailable', 'unknown']);
      expect((await failure(connector.read('user', written, call()))).kind).toBe('unavailable');
      expect((await failure(collect(connector.list('user', call())))).kind).toBe('unavailable');
      expect(Date.now() - started).toBeLessThan(1_900);
    });

    it('a listing that breaks off in the middle is never taken for a complete one', async () => {
      let answers = 0;
      forwarder.tamper((answer) => {
        answers += 1;
        if (answers > 3) forwarder.drop();
        return answers > 3 ? answer.subarray(0, Math.floor(answer.length / 2)) : answer;
      });
      expect((await failure(collect(connector.list('user', call())))).kind).toBe('unavailable');
    });

    it('a sign-in answered and nothing else: a timeout, not a hang', async () => {
      const bindResponse = 0x61;
      forwarder.tamper((answer) => (answer[5] === bindResponse ? answer : Buffer.alloc(0)));
      const other = open({ url: forwarder.url(), operationTimeoutMs: 300 });
      const error = await failure(other.read('user', written, call()));
      expect([error.kind, error.outcome]).toEqual(['timeout', 'none']);
    });

    it('the identity of another entry: nothing is touched', async () => {
      const other = '00000000-0000-4000-8000-000000000000';
      forwarder.tamper((answer) =>
        Buffer.from(answer.toString('latin1').replaceAll(written.reference, other), 'latin1'),
      );
      expect(await connector.read('user', written, call())).toBeUndefined();
    });
  });

  it.each(['ldaps', 'StartTLS'])('an expired certificate over %s: says so', async (how) => {
    const own = await start({ certificateDays: -1 });
    const url = how === 'ldaps' ? own.ldapsUrl : own.url;
    const settings = { url, startTls: how !== 'ldaps', caCertificate: own.ca };
    const connector = open(settings, own);
    const error = await failure(addUser(connector, 'expired'));
    expect([error.kind, error.outcome]).toEqual(['unavailable', 'none']);
    expect(error.message).toContain('its certificate has expired');
    expect((await connector.test(call()))[0]?.message).toContain('its certificate has expired');
  });
});
