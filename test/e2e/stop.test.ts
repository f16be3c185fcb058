import { describeWith, until } from '../support/daemon';
import { Forwarder } from '../support/forwarder';
import { ldapTarget } from '../support/ldap-target';
import { SLAPD, type Slapd, startSlapd } from '../support/slapd';
import { StoreProcess } from '../support/store-process';
import { Usher } from '../support/usher';
import { entraUser } from '../support/wire';

const USERS = 60;

describeWith([SLAPD], 'an orderly end under load', () => {
  let store: StoreProcess;
  let slapd: Slapd;
  let forwarder: Forwarder;
  const ushers: Usher[] = [];

  beforeAll(async () => {
    [store, slapd] = await Promise.all([StoreProcess.start(), startSlapd()]);
    forwarder = await Forwarder.start(slapd.port);
  }, 60_000);
  afterAll(async () => {
    await Promise.all(ushers.map((usher) => usher.stop()));
    await forwarder.stop();
    await slapd.stop();
    await store.stop();
  });

  const boot = async (): Promise<Usher> => {
    const usher = await Usher.start({ ...store.environment, MONGODB_URI: store.uri });
    ushers.push(usher);
    return usher;
  };

  it('takes five seconds while a directory keeps everybody waiting, and another process goes on at once', async () => {
    const usher = await boot();
    const [settings, secrets] = ldapTarget(slapd);
    const target = await usher.createTarget(
      'LDAP',
      'ldap',
      { ...settings, url: forwarder.url() },
      secrets,
    );
    const { token } = await usher.createRule('Entra', [{ targetId: target }]);
    const create = async (name: string): Promise<number> =>
      (await usher.scim('POST', '/Users', entraUser(name), token)).status;
    expect(await create('first')).toBe(201);
    await until('the first entry', async () => (await slapd.count('(uid=first)')) === 1);

    // Nobody refuses, nobody answers.
    forwarder.blackHole();
    for (let n = 0; n < USERS; n += 1) expect(await create(`w${n}`)).toBe(201);
    await until('deliveries under way', async () => {
      const { bindings } = await usher.graphql(
        '{ bindings(states: [DELIVERING], first: 1) { totalCount } }',
      );
      return bindings.totalCount > 0;
    });
    const begun = performance.now();
    expect(await usher.terminate()).toBe(0);
    expect(performance.now() - begun).toBeLessThan(7_000);

    forwarder.drop();
    forwarder.forward();
    const heir = await boot();
    const taken = performance.now();
    await until('all entries', async () => (await slapd.count('(uid=w*)')) === USERS, 30_000, 100);
    // Long before any lease of the one that ended would have run out.
    expect(performance.now() - taken).toBeLessThan(30_000);
    await until('all to be synchronised', async () => {
      const { bindings } = await heir.graphql(
        '{ bindings(states: [PENDING, DELIVERING, RETRYING, PARKED], first: 1) { totalCount } }',
      );
      return bindings.totalCount === 0;
    });
  }, 120_000);

  it('is in time while the store hangs', async () => {
    const usher = await boot();
    await store.pause();
    const begun = performance.now();
    const code = await usher.terminate();
    expect(performance.now() - begun).toBeLessThan(9_500);
    expect([0, 1]).toContain(code);
    store.resume();
  }, 60_000);
});
