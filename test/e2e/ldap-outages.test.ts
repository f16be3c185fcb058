import { describeWith, until } from '../support/daemon';
import { Forwarder } from '../support/forwarder';
import { ldapTarget } from '../support/ldap-target';
import { SLAPD, type Slapd, startSlapd } from '../support/slapd';
import { Usher } from '../support/usher';
import { entraGroup, entraUser, patch } from '../support/wire';

/** As many as a quiet machine manages in the time; one that is busy with other things makes do with fewer. */
const MOST_USERS = 400;
const FEWEST_USERS = 60;
const GROUPS = 20;

/** What the directory must come to hold. */
interface Person {
  readonly id: string;
  readonly uid: string;
  familyName: string;
  active: boolean;
}

describeWith([SLAPD], 'a directory that is killed, frozen and swallowed by the network', () => {
  let slapd: Slapd;
  let forwarder: Forwarder;
  let usher: Usher;
  let token: string;

  beforeAll(async () => {
    [slapd, usher] = await Promise.all([startSlapd(), Usher.start({ QUICKSTART: 'off' })]);
    forwarder = await Forwarder.start(slapd.port);
    const [settings, secrets] = ldapTarget(slapd);
    const target = await usher.createTarget(
      'LDAP',
      'ldap',
      // Half of what a patient administrator would set, so that the test need not wait as long.
      { ...settings, url: forwarder.url(), operationTimeoutMs: 3_000, connectTimeoutMs: 2_000 },
      secrets,
    );
    // So many deactivations in so short a time would be held for an administrator.
    const guard = { enabled: false };
    token = (await usher.createRule('Entra', [{ targetId: target }], { guard })).token;
  });
  afterAll(async () => {
    await usher.stop();
    await forwarder.stop();
    await slapd.stop();
  });

  const scim = async (method: string, resource: string, body: unknown, expected: number) => {
    const answer = await usher.scim(method, resource, body, token);
    expect([resource, answer.status]).toEqual([resource, expected]);
    return answer.body;
  };
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  it('loses nothing, doubles nothing and parks nothing', async () => {
    const people: Person[] = [];
    const groups: { readonly id: string; readonly cn: string; readonly members: Set<Person> }[] =
      [];
    let running = true;
    const changing = new Set<Person>();

    const create = async (number: number): Promise<void> => {
      const uid = `out${number}`;
      const { id } = await scim('POST', '/Users', entraUser(uid), 201);
      const person = { id, uid, familyName: uid, active: true };
      people.push(person);
      const group = groups[number % GROUPS];
      if (!group) return;
      const member = patch({ op: 'Add', path: 'members', value: [{ value: id }] });
      await scim('PATCH', `/Groups/${group.id}`, member, 204);
      group.members.add(person);
    };
    /** Changes people for as long as there is trouble. */
    const change = async (): Promise<void> => {
      for (let round = 0; running; round += 1) {
        const person = people[Math.floor(Math.random() * people.length)];
        if (person && !changing.has(person)) {
          changing.add(person);
          const familyName = `F${round}`;
          const active = Math.random() > 0.2;
          const changes = patch(
            { op: 'Replace', path: 'name.familyName', value: familyName },
            { op: 'Replace', path: 'active', value: active },
          );
          await scim('PATCH', `/Users/${person.id}`, changes, 200);
          Object.assign(person, { familyName, active });
          changing.delete(person);
        }
        await pause(20);
      }
    };

    for (let number = 0; number < GROUPS; number += 1) {
      const cn = `Outage ${number}`;
      const { id } = await scim('POST', '/Groups', entraGroup(cn), 201);
      groups.push({ id, cn, members: new Set() });
    }
    const creators = Array.from({ length: 4 }, async (_, lane) => {
      for (let number = lane; running && number < MOST_USERS; number += 4) {
        await create(number);
        await pause(50);
      }
    });
    const changers = [change(), change()];

    // Killed six times in ten seconds.
    for (let kill = 0; kill < 6; kill += 1) {
      await pause(1_350);
      await slapd.kill('SIGKILL');
      await pause(250);
      await slapd.restart();
    }
    // Frozen for a while: the kernel still takes connections.
    await slapd.pause();
    await pause(8_000);
    slapd.resume();
    await pause(1_000);
    // Swallowed by the network, old connections and new ones.
    forwarder.blackHole();
    await pause(6_000);
    forwarder.drop();
    forwarder.forward();
    running = false;
    await Promise.all([...creators, ...changers]);

    await until(
      'everything to be delivered',
      async () => {
        const { bindings } = await usher.graphql(
          '{ bindings(states: [PENDING, DELIVERING, RETRYING], first: 1) { totalCount } }',
        );
        return bindings.totalCount === 0;
      },
      120_000,
      200,
    );
    const { bindings } = await usher.graphql(
      '{ bindings(states: [PARKED], first: 5) { totalCount nodes { lastError { kind message } } } }',
    );
    expect(bindings).toMatchObject({ totalCount: 0, nodes: [] });

    const lock = 'pwdAccountLockedTime';
    const entries = await slapd.search('(uid=out*)', ['uid', 'sn', lock]);
    const seen = entries.map(({ attributes }) => [
      attributes['uid']?.[0],
      attributes['sn']?.[0],
      attributes[lock] === undefined,
    ]);
    const wanted = people.map(({ uid, familyName, active }) => [uid, familyName, active]);
    expect(seen.map(String).sort()).toEqual(wanted.map(String).sort());
    expect(people.length).toBeGreaterThan(FEWEST_USERS);

    const held = await slapd.search('(cn=Outage *)', ['cn', 'member'], slapd.groupBaseDN);
    expect(held).toHaveLength(GROUPS);
    for (const { attributes } of held) {
      const group = groups.find(({ cn }) => cn === attributes['cn']?.[0]);
      const members = [...(group?.members ?? [])].map(
        ({ uid }) => `uid=${uid},${slapd.userBaseDN}`,
      );
      expect([...(attributes['member'] ?? [])].sort()).toEqual(members.sort());
    }
  }, 240_000);
});
