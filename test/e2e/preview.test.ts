import { describeWith, until } from '../support/daemon';
import { ldapTarget } from '../support/ldap-target';
import { SLAPD, type Slapd, startSlapd } from '../support/slapd';
import { Usher } from '../support/usher';
import { entraGroup, entraUser, patch } from '../support/wire';

const USERS = 60;
const LEAVING = 20;
const OPERATIONS = ['ADD', 'MOD', 'MODRDN', 'DEL'] as const;

interface Finding {
  readonly outcome: string;
  readonly name: string;
  readonly resource: { readonly userName?: string; readonly displayName?: string };
  readonly changeCount: number;
  readonly changes: readonly {
    readonly operation: string;
    readonly object: string;
    readonly detail: string;
  }[];
}

describeWith([SLAPD], 'a preview of everything in a real OpenLDAP', () => {
  let slapd: Slapd;
  let usher: Usher;
  let target: string;
  let rule: { id: string; token: string };
  let told: readonly Finding[];

  /** Every third one is to leave. */
  const leaves = (index: number): boolean => index % 3 === 0;
  const dn = (uid: string): string => `uid=${uid},${slapd.userBaseDN}`;
  const team = (): string => `cn=Team,${slapd.groupBaseDN}`;
  const draft = () => [
    {
      targetId: target,
      scopeFilter: 'userType eq "Employee"',
      onLeaveScope: 'DELETE',
      mappingOverrides: [
        { attribute: 'givenName', expression: 'upper(name.givenName)' },
        { attribute: 'employeeType', expression: 'userType' },
      ],
    },
  ];

  beforeAll(async () => {
    slapd = await startSlapd({ logsOperations: true });
    usher = await Usher.start({ QUICKSTART: 'off' });
    target = await usher.createTarget('OpenLDAP', 'ldap', ...ldapTarget(slapd));
    rule = await usher.createRule('Entra', [{ targetId: target }], { guard: { maxPercent: 50 } });
    const ids: string[] = [];
    for (let made = 0; made < USERS; made += 20) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => {
          const userType = leaves(made + index) ? 'Contractor' : 'Employee';
          const body = entraUser(`seen${made + index}`, { userType });
          return usher.scim('POST', '/Users', body, rule.token);
        }),
      );
      ids.push(...answers.map(({ body }) => body.id as string));
    }
    const group = await usher.scim('POST', '/Groups', entraGroup('Team'), rule.token);
    const value = ids.slice(0, 12).map((id) => ({ value: id }));
    const joining = patch({ op: 'Add', path: 'members', value });
    await usher.scim('PATCH', `/Groups/${group.body.id}`, joining, rule.token);
    await settled(USERS + 1);
    await until('the members', async () => (await members()).length === 12, 60_000);
  }, 300_000);
  afterAll(async () => {
    await usher?.stop();
    await slapd?.stop();
  });

  const members = async () =>
    (await slapd.search('(cn=Team)', ['member'], slapd.groupBaseDN))[0]?.attributes['member'] ?? [];

  const settled = (synced: number) =>
    until(
      'all deliveries',
      async () => {
        const { all, done } = await usher.graphql(
          `{ all: bindings(states: [SYNCED, OUT_OF_SCOPE], first: 1) { totalCount }
             done: bindings(states: [SYNCED], first: 1) { totalCount } }`,
        );
        return all.totalCount === USERS + 1 && done.totalCount === synced;
      },
      240_000,
    );

  async function start(syncAs?: readonly object[]): Promise<string> {
    const { syncRulePreviewStart } = await usher.graphql(
      `mutation ($input: SyncRulePreviewStartInput!) {
         syncRulePreviewStart(input: $input) { operation { id } userErrors { message field } }
       }`,
      { input: { syncRuleId: rule.id, ...(syncAs ? { syncAs } : {}) } },
    );
    expect(syncRulePreviewStart.userErrors).toEqual([]);
    return syncRulePreviewStart.operation.id;
  }

  const read = async (id: string, after: string | null = null) =>
    (
      await usher.graphql(
        `query ($id: ID!, $after: String) { operation(id: $id) {
           state message progress { done total counts { outcome count target { name } } }
           items(first: 25, after: $after) { nodes { ... on PreviewFinding {
             outcome name resource { ... on User { userName } ... on Group { displayName } }
             changeCount changes { operation object detail } } }
             pageInfo { hasNextPage endCursor } }
         } }`,
        { id, after },
      )
    ).operation;

  async function ended(id: string) {
    const finished = async () => !['QUEUED', 'RUNNING'].includes((await read(id)).state);
    await until('the end', finished, 240_000);
    return read(id);
  }

  async function findings(id: string): Promise<readonly Finding[]> {
    const found: Finding[] = [];
    for (let after: string | null = null; ;) {
      const { items } = await read(id, after);
      found.push(...items.nodes);
      if (!items.pageInfo.hasNextPage) return found;
      after = items.pageInfo.endCursor;
    }
  }

  const logged = () => OPERATIONS.map((kind) => slapd.logged(kind));

  it('is empty for the rule as it is', async () => {
    const operation = await ended(await start());
    expect(operation).toMatchObject({
      state: 'SUCCEEDED',
      message: null,
      progress: {
        done: USERS + 1,
        total: USERS + 1,
        counts: [{ outcome: 'UNCHANGED', count: USERS + 1, target: { name: 'OpenLDAP' } }],
      },
    });
  }, 300_000);

  it('names what a draft would change, also when Usher is killed meanwhile, and touches nothing', async () => {
    const before = logged();
    // It asks, and waits for the answer.
    await slapd.pause();
    const id = await start(draft());
    await until('a beginning', async () => (await read(id)).state === 'RUNNING', 60_000);
    await usher.kill();
    slapd.resume();
    await usher.boot();
    const operation = await ended(id);
    expect(operation).toMatchObject({
      state: 'SUCCEEDED',
      message: null,
      progress: {
        done: USERS + 1,
        total: USERS + 1,
        counts: [
          { outcome: 'REMOVE', count: LEAVING },
          { outcome: 'UNCHANGED', count: 0 },
          { outcome: 'UPDATE', count: USERS - LEAVING + 1 },
        ].filter(({ count }) => count > 0),
      },
    });
    told = await findings(id);
    expect(told).toHaveLength(USERS + 1);
    const byName = new Map(told.map((one) => [one.name, one]));
    expect(byName.get(dn('seen0'))).toMatchObject({
      outcome: 'REMOVE',
      resource: { userName: 'seen0' },
      changes: [{ operation: 'remove', object: dn('seen0') }],
    });
    expect(byName.get(dn('seen1'))).toMatchObject({
      outcome: 'UPDATE',
      changes: [{ operation: 'modify', object: dn('seen1') }],
    });
    const lines = byName.get(dn('seen1'))?.changes[0]?.detail.split('\n');
    expect(lines).toEqual(
      expect.arrayContaining(['replace: givenName', 'givenName: KIT', 'employeeType: Employee']),
    );
    const leaving = Array.from({ length: 12 }, (_, index) => index).filter(leaves);
    const group = byName.get(team());
    expect(group).toMatchObject({ outcome: 'UPDATE', resource: { displayName: 'Team' } });
    expect(group?.changes.flatMap(({ detail }) => detail.split('\n')).sort()).toEqual(
      leaving.map((index) => `- ${dn(`seen${index}`)}`).sort(),
    );
    expect(logged()).toEqual(before);
    expect(await members()).toHaveLength(12);
  }, 400_000);

  it('is what applying the draft does, and nothing else', async () => {
    const before = logged();
    const { syncRuleUpdate } = await usher.graphql(
      `mutation ($id: ID!, $input: SyncRuleUpdateInput!) {
         syncRuleUpdate(id: $id, input: $input) { syncRule { version } userErrors { message } }
       }`,
      { id: rule.id, input: { syncAs: draft() } },
    );
    expect(syncRuleUpdate.userErrors).toEqual([]);
    await settled(USERS - LEAVING + 1);
    await until(
      'the change to be carried out',
      async () => {
        const { syncRule } = await usher.graphql(
          `query ($id: ID!) { syncRule(id: $id) { rollouts { startedAt } } }`,
          { id: rule.id },
        );
        return syncRule.rollouts.length === 0;
      },
      240_000,
    );
    await settled(USERS - LEAVING + 1);
    const [added, modified, renamed, removed] = logged().map((names, index) =>
      names.slice(before[index]?.length),
    );
    const objects = (operation: string) =>
      told
        .flatMap(({ changes }) => changes)
        .filter((change) => change.operation === operation)
        .map(({ object }) => object)
        .sort();
    expect([added, renamed]).toEqual([[], []]);
    expect([...(removed ?? [])].sort()).toEqual(objects('remove'));
    // One change for each user; a group may hear of those who leave it in several.
    expect((modified ?? []).filter((name) => name !== team()).sort()).toEqual(objects('modify'));
    for (const { changes } of told.filter(({ outcome }) => outcome === 'UPDATE')) {
      for (const { operation, object, detail } of changes) {
        if (operation !== 'modify') continue;
        const uid = object.slice('uid='.length, object.indexOf(','));
        const [entry] = await slapd.search(`(uid=${uid})`, ['*'], slapd.userBaseDN);
        for (const text of detail.split('\n').filter((one) => /^\w+: /.test(one))) {
          const [name = '', value = ''] = text.split(': ');
          if (name !== 'replace') expect(entry?.attributes[name]).toContain(value);
        }
      }
    }
    const stay = Array.from({ length: 12 }, (_, index) => index).filter((one) => !leaves(one));
    expect([...(await members())].sort()).toEqual(stay.map((one) => dn(`seen${one}`)).sort());
    const { progress } = await ended(await start());
    expect(progress.counts).toMatchObject([{ outcome: 'UNCHANGED', count: USERS + 1 }]);
  }, 600_000);
});
