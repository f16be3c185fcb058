/** Each known trap of the LDAP library, on a real server and over each kind of connection. */
import { type Connector, type Written } from '../../connectors/spi';
import { describeWith, until } from '../support/daemon';
import { Forwarder } from '../support/forwarder';
import { addUser, type LdapOverrides, openLdap } from '../support/open-ldap';
import { type Slapd, SLAPD, startSlapd } from '../support/slapd';
import { call, collect, failure } from './connector.contract';

const TRANSPORTS = ['plain', 'StartTLS', 'ldaps'] as const;
type Transport = (typeof TRANSPORTS)[number];

/** RFC 4513 section 5.1: a bind request shows the DN in clear text. */
const BIND_DN = Buffer.from('cn=provisioner,');

describeWith([SLAPD], 'the traps of the LDAP library', () => {
  let server: Slapd;

  beforeAll(async () => {
    server = await startSlapd();
  });
  afterAll(async () => {
    await server.stop();
  });

  describe.each(TRANSPORTS)('over %s', (transport: Transport) => {
    const opened: Connector[] = [];
    let forwarder: Forwarder;

    const open = (overrides: LdapOverrides = {}): Connector => {
      const tls = { caCertificate: server.ca };
      const how = {
        plain: { url: forwarder.url() },
        StartTLS: { url: forwarder.url(), startTls: true, ...tls },
        ldaps: { url: forwarder.url('ldaps'), ...tls },
      };
      const connector = openLdap(server, { ...how[transport], ...overrides });
      opened.push(connector);
      return connector;
    };
    const named = (name: string): string => `${name}-${transport}`;

    beforeAll(async () => {
      const port = transport === 'ldaps' ? new URL(server.ldapsUrl).port : server.port;
      forwarder = await Forwarder.start(Number(port));
    });
    beforeEach(async () => {
      await forwarder.listen();
      forwarder.tamper((answer) => answer);
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((connector) => connector.close()));
    });
    afterAll(async () => {
      await forwarder.stop();
    });

    it('many calls at once without a connection: none hangs, before or after it broke', async () => {
      const connector = open();
      const written = await addUser(open(), named('race'));
      for (let round = 0; round < 3; round += 1) {
        const reads = Array.from({ length: 60 }, () =>
          connector.read('user', written, call(5_000)),
        );
        const entries = await Promise.all(reads);
        expect(entries.every((entry) => entry?.reference === written.reference)).toBe(true);
        forwarder.drop();
      }
      const before = forwarder.accepted;
      await Promise.all(
        Array.from({ length: 60 }, () => connector.read('user', written, call(5_000))),
      );
      expect(forwarder.accepted - before).toBeLessThanOrEqual(4);
    });

    it('a broken connection: the next one is signed in, and encrypted as before', async () => {
      const connector = open({ connections: 1 });
      const written = await addUser(connector, named('rebind'));
      for (let round = 0; round < 3; round += 1) {
        forwarder.drop();
        // Anonymous, the server shows nothing and takes nothing.
        await until('the connection to be seen as broken', () => forwarder.connections === 0);
        expect(await connector.read('user', written, call())).toBeDefined();
        const sn = [`Round ${round}`];
        const changes = [{ attribute: 'sn', replace: sn }];
        await connector.update('user', written, changes, call());
        const [entry] = await server.search(`(uid=${named('rebind')})`, ['sn']);
        expect(entry?.attributes['sn']).toEqual(sn);
      }
      expect(forwarder.saw(BIND_DN)).toBe(transport === 'plain');
    });

    it('a session whose server died is not used again', async () => {
      const connector = open({ connections: 1, operationTimeoutMs: 10_000 });
      const written = await addUser(connector, named('dead'));
      await forwarder.refuse();
      const started = Date.now();
      const error = await failure(connector.read('user', written, call()));
      expect([error.kind, error.outcome]).toEqual(['unavailable', 'none']);
      expect(Date.now() - started).toBeLessThan(3_000);
      await forwarder.listen();
      expect(await connector.read('user', written, call())).toBeDefined();
    });

    it('a server that falls silent: every call ends, and the connection is given up', async () => {
      const timeouts = { operationTimeoutMs: 300, connectTimeoutMs: 300 };
      const connector = open({ ...timeouts, connections: 1, window: 1 });
      const written = await addUser(connector, named('silent'));
      forwarder.blackHole();
      const started = Date.now();
      const calls = [
        connector.read('user', written, call()),
        connector.correlate('user', [{ attribute: 'uid', value: 'x' }], call()),
        addUser(connector, named('swallowed')),
        connector.update('user', written, [{ attribute: 'sn', replace: ['x'] }], call()),
        connector.setActive('user', written, false, call()),
        connector.setPassword?.(written, 'long-enough-1', call()) ?? Promise.resolve(),
        connector.remove('user', written, call()),
        collect(connector.list('user', call())),
      ];
      const errors = await Promise.all(calls.map(failure));
      expect(new Set(errors.map((error) => error.kind))).toEqual(
        new Set(['timeout', 'unavailable'].filter((kind) => errors.some((e) => e.kind === kind))),
      );
      expect(Date.now() - started).toBeLessThan(15_000);
      forwarder.forward();
      forwarder.drop();
      await until('the connector to recover', () =>
        connector.read('user', written, call(2_000)).then(Boolean, () => false),
      );
    });

    it('two listings and reads at the same time: cookies of pages do not mix', async () => {
      const connector = open({ connections: 1, pageSize: 3 });
      await Promise.all(
        Array.from({ length: 20 }, (_, one) => addUser(connector, named(`paged-${one}`))),
      );
      const expected = await server.count('(objectClass=inetOrgPerson)', server.userBaseDN);
      const written = await addUser(connector, named('beside'));
      const [one, other, entry] = await Promise.all([
        collect(connector.list('user', call())),
        collect(connector.list('user', call())),
        connector.read('user', written, call()),
      ]);
      expect([one.length, other.length]).toEqual([expected + 1, expected + 1]);
      expect(entry).toBeDefined();
    });

    it.each(['a\\', '\\', 'b\\,c=d', 'c"', 'd\\\\,', 'é\\c3\\a9', 'x+y=z', '*(&)\\2a'])(
      'a new name %j: the DN is not cut, and the name is found again',
      async (name) => {
        const connector = open({ connections: 1 });
        const full = `${transport}${name}`;
        const written = await addUser(connector, named(`before ${name}`));
        const changes = [{ attribute: 'uid', replace: [full] }];
        const after: Written = await connector.update('user', written, changes, call());
        expect(after.reference).toBe(written.reference);
        const found = await connector.correlate(
          'user',
          [{ attribute: 'uid', value: full }],
          call(),
        );
        expect(found.map((entry) => entry.reference)).toEqual([written.reference]);
        expect(found[0]?.attributes['uid']).toEqual([full]);
        await connector.remove('user', after, call());
      },
    );

    it('a large value costs no more than sending it', async () => {
      const connector = open({ connections: 1 });
      const photo = 'x'.repeat(300_000);
      const stringify = jest.spyOn(JSON, 'stringify');
      const written = await addUser(connector, named('photo'), { description: [photo] });
      const printed = stringify.mock.results.map(({ value }) => String(value).length);
      stringify.mockRestore();
      expect(printed.length).toBeGreaterThan(0);
      expect(Math.max(...printed)).toBeLessThan(2_000);
      const [entry] = await server.search(`(uid=${named('photo')})`, ['description']);
      expect(entry?.attributes['description']).toEqual([photo]);
      await connector.remove('user', written, call());
    });
  });
});
