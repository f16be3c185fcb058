import { describeWith, until } from '../support/daemon';
import { ldapTarget } from '../support/ldap-target';
import { endedReconcile, startReconcile } from '../support/reconcile';
import { SLAPD, type Slapd, startSlapd } from '../support/slapd';
import { Usher } from '../support/usher';
import { entraUser } from '../support/wire';

const USERS = 14;

describeWith([SLAPD], 'entries that come back in a real OpenLDAP', () => {
  let slapd: Slapd;
  let usher: Usher;

  const settings = (): [object, object] => {
    const [given, secrets] = ldapTarget(slapd);
    return [{ ...given, ownerAttribute: 'description' }, secrets];
  };
  const count = (filter = '(uid=*)') => slapd.count(filter, slapd.userBaseDN);

  beforeAll(async () => {
    slapd = await startSlapd();
    usher = await Usher.start({ QUICKSTART: 'off' });
  }, 120_000);
  afterAll(async () => {
    await usher?.stop();
    await slapd?.stop();
  });

  async function repair(gateway: Usher, targetId: string, more = '') {
    const how = `mode: REPAIR, orphans: DELETE${more}`;
    const operation = await endedReconcile(gateway, await startReconcile(gateway, targetId, how));
    const counts = new Map<string, number>(
      operation.progress.counts.map((one: { outcome: string; count: number }) => [
        one.outcome,
        one.count,
      ]),
    );
    return { ...operation, counts };
  }

  it('are removed again where Usher had removed them, and nothing else is', async () => {
    const target = await usher.createTarget('OpenLDAP', 'ldap', ...settings());
    const { token } = await usher.createRule('Entra', [{ targetId: target }]);
    const ids: string[] = [];
    for (let index = 0; index < USERS; index += 1) {
      const { body } = await usher.scim('POST', '/Users', entraUser(`orphan${index}`), token);
      ids.push(body.id);
    }
    await until('all entries', async () => (await count()) === USERS, 30_000);
    const backup = (
      await slapd.search('(|(uid=orphan0)(uid=orphan1))', ['*'], slapd.userBaseDN)
    ).map(({ attributes }) =>
      [
        `dn: uid=${String(attributes['uid']?.[0])},${slapd.userBaseDN}`,
        'changetype: add',
        ...['objectClass', 'uid', 'cn', 'sn', 'description'].flatMap((name) =>
          (attributes[name] ?? []).map((value) => `${name}: ${String(value)}`),
        ),
      ].join('\n'),
    );
    for (const id of ids.slice(0, 2)) {
      expect((await usher.scim('DELETE', `/Users/${id}`, undefined, token)).status).toBe(204);
    }
    await until('the removal', async () => (await count()) === USERS - 2, 30_000);
    const strange = `dn: uid=stranger,${slapd.userBaseDN}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: stranger\ncn: s\nsn: s\ndescription: 01a22cd9-7a94-7557-85cb-12f601be8c60`;
    await slapd.ldapmodify([...backup, strange].join('\n\n'));
    // What is forgotten only in a while is left until then.
    await until(
      'both to go',
      async () => {
        await repair(usher, target);
        return (await count('(|(uid=orphan0)(uid=orphan1))')) === 0;
      },
      60_000,
    );
    let last = await repair(usher, target);
    await until(
      'the deleted to be forgotten',
      async () => {
        last = await repair(usher, target);
        return last.counts.get('IN_STEP') === USERS - 2;
      },
      60_000,
      1_000,
    );
    const { counts, items } = last;
    expect(counts).toEqual(
      new Map([
        ['IN_STEP', USERS - 2],
        ['ORPHANED', 1],
      ]),
    );
    expect(items.nodes).toMatchObject([
      { outcome: 'ORPHANED', name: `uid=stranger,${slapd.userBaseDN}`, isRepaired: false },
    ]);
    const { auditEvents } = await usher.graphql(
      `{ auditEvents(first: 10, filter: { actions: ["orphan.removed"] }) {
         nodes { actor { type } targetName nativeChanges { object } } } }`,
    );
    expect(auditEvents.nodes).toHaveLength(2);
    expect(auditEvents.nodes[0]).toMatchObject({
      actor: { type: 'API_KEY' },
      targetName: 'OpenLDAP',
    });
  }, 240_000);

  it('stay, all of them, when the store of the gateway is empty', async () => {
    const before = await count();
    const fresh = await Usher.start({ QUICKSTART: 'off' });
    try {
      const target = await fresh.createTarget('OpenLDAP', 'ldap', ...settings());
      const { counts, state } = await repair(fresh, target, ', mostOrphans: 1000000');
      expect({ state, counts }).toEqual({
        state: 'SUCCEEDED',
        counts: new Map([['ORPHANED', before]]),
      });
      expect(await count()).toBe(before);
    } finally {
      await fresh.stop();
    }
  }, 120_000);
});
