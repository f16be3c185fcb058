import { describeWith, until } from '../support/daemon';
import { ldapTarget } from '../support/ldap-target';
import { endedReconcile, readReconcile, startReconcile } from '../support/reconcile';
import { SLAPD, type Slapd, startSlapd } from '../support/slapd';
import { Usher } from '../support/usher';
import { entraGroup, entraUser, patch } from '../support/wire';

const USERS = 120;

interface Finding {
  readonly outcome: string;
  readonly name: string;
  readonly isRepaired: boolean;
  readonly differences: readonly { readonly attribute: string }[];
  readonly members: { readonly extraCount: number; readonly missingCount: number } | null;
}

describeWith([SLAPD], 'edits by hand in a real OpenLDAP', () => {
  let slapd: Slapd;
  let usher: Usher;
  let target: string;
  let token: string;
  const ids: string[] = [];

  const dn = (uid: string): string => `uid=${uid},${slapd.userBaseDN}`;
  const count = (filter: string) => slapd.count(filter, slapd.userBaseDN);

  beforeAll(async () => {
    slapd = await startSlapd();
    usher = await Usher.start({ QUICKSTART: 'off' });
    target = await usher.createTarget('OpenLDAP', 'ldap', ...ldapTarget(slapd));
    token = (await usher.createRule('Entra', [{ targetId: target }])).token;
    for (let made = 0; made < USERS; made += 20) {
      const names = Array.from({ length: 20 }, (_, index) => `drift${made + index}`);
      const answers = await Promise.all(
        names.map((name) => usher.scim('POST', '/Users', entraUser(name), token)),
      );
      ids.push(...answers.map(({ body }) => body.id as string));
    }
    const group = await usher.scim('POST', '/Groups', entraGroup('Team'), token);
    const members = ids.slice(0, 2).map((value) => ({ value }));
    await usher.scim(
      'PATCH',
      `/Groups/${group.body.id}`,
      patch({ op: 'Add', path: 'members', value: members }),
      token,
    );
    await settled();
  }, 180_000);
  afterAll(async () => {
    await usher?.stop();
    await slapd?.stop();
  });

  const settled = () =>
    until(
      'all deliveries',
      async () => {
        const { bindings } = await usher.graphql(
          '{ bindings(states: [SYNCED], first: 1) { totalCount } }',
        );
        return bindings.totalCount === USERS + 1;
      },
      120_000,
    );

  const findings = async (mode: string): Promise<readonly Finding[]> => {
    const operation = await endedReconcile(
      usher,
      await startReconcile(usher, target, `mode: ${mode}`),
    );
    expect(operation).toMatchObject({ state: 'SUCCEEDED', message: null });
    expect(operation.progress).toMatchObject({ done: USERS + 1, total: USERS + 1 });
    return operation.items.nodes;
  };

  it('are none at first', async () => {
    expect(await findings('REPORT')).toEqual([]);
  });

  it('are told, each in its way', async () => {
    await slapd.ldapmodify(
      [
        `dn: ${dn('drift0')}\nchangetype: modify\nreplace: givenName\ngivenName: Mallory`,
        `dn: ${dn('drift5')}\nchangetype: delete`,
        `dn: ${dn('drift6')}\nchangetype: modrdn\nnewrdn: uid=elsewhere\ndeleteoldrdn: 1`,
        `dn: ${dn('drift7')}\nchangetype: modify\nadd: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z`,
        `dn: cn=Team,${slapd.groupBaseDN}\nchangetype: modify\nadd: member\nmember: ${dn('drift8')}`,
      ].join('\n\n'),
    );
    const found = await findings('REPORT');
    expect(found).toHaveLength(5);
    expect(found.every(({ isRepaired }) => !isRepaired)).toBe(true);
    expect(found).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ outcome: 'MISSING', name: dn('drift5') }),
        expect.objectContaining({
          outcome: 'DIFFERENT',
          differences: expect.arrayContaining([
            { attribute: 'givenName', expected: ['Kit'], actual: ['Mallory'] },
          ]),
        }),
        expect.objectContaining({
          differences: expect.arrayContaining([
            { attribute: 'uid', expected: ['drift6'], actual: ['elsewhere'] },
          ]),
        }),
        expect.objectContaining({
          differences: [{ attribute: 'active', expected: ['true'], actual: ['false'] }],
        }),
        expect.objectContaining({
          members: { extra: [dn('drift8')], extraCount: 1, missingCount: 0 },
        }),
      ]),
    );
    expect(await count('(uid=drift5)')).toBe(0);
  });

  it('are undone on command', async () => {
    expect(await findings('REPAIR')).toHaveLength(5);
    await until('the repair', async () => (await count('(uid=drift5)')) === 1, 20_000);
    await settled();
    expect(await findings('REPORT')).toEqual([]);
    expect(await count('(givenName=Mallory)')).toBe(0);
    expect(await count('(uid=elsewhere)')).toBe(0);
    expect(await count('(pwdAccountLockedTime=*)')).toBe(0);
    const [team] = await slapd.search('(cn=Team)', ['member'], slapd.groupBaseDN);
    expect([...(team?.attributes['member'] ?? [])].sort()).toEqual([dn('drift0'), dn('drift1')]);
  });

  it('are found all the same when Usher is killed in the middle of looking', async () => {
    await slapd.ldapmodify(`dn: ${dn('drift9')}\nchangetype: delete`);
    // It asks, and waits for the answer.
    await slapd.pause();
    const id = await startReconcile(usher, target, 'mode: REPORT');
    await until(
      'a beginning',
      async () => (await readReconcile(usher, id)).state === 'RUNNING',
      20_000,
    );
    await usher.kill();
    slapd.resume();
    await usher.boot();
    const { state } = await readReconcile(usher, id);
    expect(state).toBe('RUNNING');
    const operation = await endedReconcile(usher, id);
    expect(operation).toMatchObject({ state: 'SUCCEEDED' });
    expect(operation.items.nodes).toMatchObject([{ outcome: 'MISSING', name: dn('drift9') }]);
  }, 180_000);
});
