import { describeWith, until } from '../support/daemon';
import { ldapTarget } from '../support/ldap-target';
import { SLAPD, type Slapd, startSlapd } from '../support/slapd';
import { Usher } from '../support/usher';
import { entraGroup, entraUser, patch } from '../support/wire';

const USERS = 60;

describeWith([SLAPD], 'user names converted in a real OpenLDAP', () => {
  let slapd: Slapd;
  let usher: Usher;
  let syncRuleId: string;
  let token: string;
  const ids: string[] = [];

  const dn = (uid: string): string => `uid=${uid},${slapd.userBaseDN}`;
  const count = (filter: string) => slapd.count(filter, slapd.userBaseDN);

  beforeAll(async () => {
    slapd = await startSlapd();
    usher = await Usher.start({ QUICKSTART: 'off' });
    const target = await usher.createTarget('OpenLDAP', 'ldap', ...ldapTarget(slapd));
    const rule = await usher.createRule('Entra', [{ targetId: target }]);
    token = rule.token;
    syncRuleId = rule.id;
    for (let made = 0; made < USERS; made += 20) {
      const names = Array.from({ length: 20 }, (_, index) => `conv${made + index}`);
      const answers = await Promise.all(
        names.map((name) => usher.scim('POST', '/Users', entraUser(name), token)),
      );
      ids.push(...answers.map(({ body }) => body.id as string));
    }
    const group = await usher.scim('POST', '/Groups', entraGroup('Team'), token);
    const members = ids.slice(0, 2).map((value) => ({ value }));
    const join = patch({ op: 'Add', path: 'members', value: members });
    await usher.scim('PATCH', `/Groups/${group.body.id}`, join, token);
    await until('all entries', async () => (await count('(uid=conv*)')) === USERS, 60_000);
  }, 240_000);
  afterAll(async () => {
    await usher?.stop();
    await slapd?.stop();
  });

  async function start(expression: string, mode: string): Promise<string> {
    const { userIdentifiersConvert } = await usher.graphql(
      `mutation ($input: UserIdentifiersConvertInput!) {
         userIdentifiersConvert(input: $input) { operation { id } userErrors { message } }
       }`,
      { input: { syncRuleId, expression, mode } },
    );
    expect(userIdentifiersConvert.userErrors).toEqual([]);
    return userIdentifiersConvert.operation.id;
  }

  const read = async (id: string) =>
    (
      await usher.graphql(
        `query ($id: ID!) { operation(id: $id) {
           state progress { done total counts { outcome count } }
           items(first: 100) { nodes { ... on IdentifierFinding {
             outcome from to user { userName } other { userName } } } }
         } }`,
        { id },
      )
    ).operation;

  async function ended(id: string) {
    await until('the end', async () => /ED$/.test((await read(id)).state), 120_000);
    return read(id);
  }

  it('are only told by a preview', async () => {
    const operation = await ended(await start('emails[primary eq true].value', 'PREVIEW'));
    expect(operation).toMatchObject({
      state: 'SUCCEEDED',
      progress: { done: USERS, counts: [{ outcome: 'CONVERTIBLE', count: USERS }] },
    });
    expect(operation.items.nodes).toContainEqual({
      outcome: 'CONVERTIBLE',
      from: 'conv7',
      to: 'conv7@northmill.example',
      user: { userName: 'conv7' },
      other: null,
    });
    expect(await count('(uid=conv7)')).toBe(1);
  });

  it('become e-mail addresses, also when Usher is killed in the middle, and entries are renamed', async () => {
    const uuid = async (uid: string) =>
      (await slapd.search(`(uid=${uid})`, ['entryUUID'], slapd.userBaseDN))[0]?.attributes[
        'entryUUID'
      ];
    const before = await uuid('conv0');
    const id = await start('emails[primary eq true].value', 'APPLY');
    await until('some', async () => (await count('(uid=*@northmill.example)')) > 0, 60_000);
    await usher.kill();
    await usher.boot();
    const operation = await ended(id);
    expect(operation).toMatchObject({
      state: 'SUCCEEDED',
      progress: { done: USERS, total: USERS, counts: [{ outcome: 'CONVERTED', count: USERS }] },
    });
    await until('all', async () => (await count('(uid=*@northmill.example)')) === USERS, 60_000);
    expect(await count('(uid=*)')).toBe(USERS);
    expect(await uuid('conv0@northmill.example')).toEqual(before);
    await until(
      'the members',
      async () => {
        const [team] = await slapd.search('(cn=Team)', ['member'], slapd.groupBaseDN);
        const members = [...(team?.attributes['member'] ?? [])].map(String).sort();
        return members.join(' ') === [0, 1].map((n) => dn(`conv${n}@northmill.example`)).join(' ');
      },
      30_000,
    );
    const found = await usher.scim(
      'GET',
      '/Users?filter=userName eq "CONV3@northmill.example"',
      undefined,
      token,
    );
    expect(found.body).toMatchObject({ totalResults: 1, Resources: [{ id: ids[3] }] });
  }, 240_000);

  it('lose their domain again, except for those who would have the same name', async () => {
    const rival = { ...entraUser('conv3'), userName: 'Conv3@elsewhere.example' };
    expect((await usher.scim('POST', '/Users', rival, token)).status).toBe(201);
    const operation = await ended(await start('localPart(userName)', 'APPLY'));
    expect(operation).toMatchObject({
      state: 'PARTIALLY_SUCCEEDED',
      progress: {
        counts: [
          { outcome: 'COLLISION', count: 2 },
          { outcome: 'CONVERTED', count: USERS - 1 },
        ],
      },
    });
    const collisions = operation.items.nodes.filter(
      ({ outcome }: { outcome: string }) => outcome === 'COLLISION',
    );
    const names = ['Conv3@elsewhere.example', 'conv3@northmill.example'];
    expect(collisions.map(({ from }: { from: string }) => from).sort()).toEqual(names);
    expect(
      collisions.map(({ other }: { other: { userName: string } }) => other.userName).sort(),
    ).toEqual(names);
    await until('all', async () => (await count('(uid=*@northmill.example)')) === 1, 60_000);
    const { auditEvents } = await usher.graphql(
      '{ auditEvents(first: 100) { nodes { action actor { type } changes { attribute after } } } }',
    );
    expect(auditEvents.nodes).toContainEqual({
      action: 'user.changed',
      actor: { type: 'API_KEY' },
      changes: [{ attribute: 'userName', after: expect.stringMatching(/^conv\d+$/) }],
    });
  }, 120_000);
});
