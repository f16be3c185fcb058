/** A preview tells what a delivery would do, and does none of it. */
import { ldap } from '../../../connectors/ldap';
import { ConnectorError, type ConnectorType } from '../../../connectors/spi';
import { systemClock } from '../../../src/delivery/clock';
import { ConnectorHost } from '../../../src/delivery/connectors/connector-host';
import { Previews } from '../../../src/delivery/previews/previews';
import { type EntryPreview, type PreviewSample } from '../../../src/domain/preview';
import { Profiles } from '../../../src/domain/profile';
import { type Resource } from '../../../src/domain/resource';
import { standardSchemas } from '../../../src/domain/standard-schemas';
import { RULE_DEFAULTS, type SyncAs, type SyncRule } from '../../../src/domain/sync-rule';
import { type Target } from '../../../src/domain/target';
import { describeWith } from '../../support/daemon';
import { FakeDirectory } from '../../support/fake-connector';
import { ldapTarget } from '../../support/ldap-target';
import { SLAPD, type Slapd, startSlapd } from '../../support/slapd';

const at = new Date(0);
const log = (): void => undefined;
const rule: SyncRule = {
  ...RULE_DEFAULTS,
  id: 'r',
  name: 'r',
  enabled: true,
  syncAs: [],
  version: 1,
  createdAt: at,
  updatedAt: at,
};
const baseSyncAs: SyncAs = {
  targetId: 't',
  onDeactivate: 'DISABLE',
  onDelete: 'DELETE',
  correlation: { attributes: [], policy: 'ADOPT' },
};

function user(userName: string, more: Resource['attributes'] = {}): Resource {
  const attributes = { userName, active: true, ...more };
  const times = { createdAt: at, lastModified: at, generation: 1 };
  return { id: `id-${userName}`, ruleId: 'r', resourceType: 'User', attributes, ...times };
}

/** Answers the previews of samples in a target of this type. */
function previewing(
  type: ConnectorType,
  [settings, secrets]: readonly object[] = [],
  callMs = 100,
) {
  const registry = { get: () => type, all: () => [type] };
  const times = { deadlineMs: 30_000, graceMs: 10 };
  const host = new ConnectorHost({
    registry,
    dataDir: '.',
    log,
    clock: systemClock,
    times,
    workers: 4,
  });
  const schemas = () => standardSchemas;
  const profiles = new Profiles(schemas, (id) => id);
  const lookupTimes = { callMs, allMs: 60_000 };
  const references = { namesOf: async () => new Map<string, string>() };
  const previews = new Previews({
    ...{ host, schemas, profiles, references, log, lookupTimes },
    clock: systemClock,
  });
  const target: Target = {
    id: 't',
    name: 't',
    connector: type.id,
    settings: (settings ?? {}) as Target['settings'],
    secrets: (secrets ?? {}) as Target['secrets'],
    version: 1,
    createdAt: at,
    updatedAt: at,
  };
  return async (
    more: Partial<SyncAs>,
    ...samples: readonly PreviewSample[]
  ): Promise<readonly EntryPreview[]> =>
    previews.of({ rule, syncAs: { ...baseSyncAs, ...more }, target, samples });
}

describe('a preview', () => {
  const line = (attribute: string, expression: string) =>
    ({ attribute, expression, apply: 'AUTHORITATIVE' }) as const;

  it('tells the values of every line, and where the others fail', async () => {
    const preview = previewing(new FakeDirectory().type);
    const [one] = await preview(
      {
        userMapping: [
          line('uid', 'lower(userName)'),
          line('title', 'append("x", required(title, "Everybody has a title."))'),
          line('userPassword', 'userName'),
        ],
      },
      { resource: user('Ann') },
    );
    expect(one?.lines).toEqual([
      { ...line('uid', 'lower(userName)'), values: ['ann'] },
      expect.objectContaining({
        values: [],
        problem: { message: 'Everybody has a title.', position: 13 },
      }),
      expect.objectContaining({ values: ['********'] }),
    ]);
    expect(one).toMatchObject({ isInScope: true, action: 'ENSURE', entry: { state: 'ABSENT' } });
    expect(one?.changes).toBeUndefined();
    expect(one?.problems).toEqual(['"title": Everybody has a title.']);
  });

  it('finds the entry by its reference or its name, and writes nothing', async () => {
    const directory = new FakeDirectory();
    const known = directory.plant('user', 'ann');
    directory.plant('user', 'bob', { owner: 'somebody' });
    const preview = previewing(directory.type);
    const states = await preview(
      { correlation: { attributes: [], policy: 'FAIL' } },
      { resource: user('renamed'), reference: known.reference, name: 'ann' },
      { resource: user('bob') },
      { resource: user('cyd') },
    );
    expect(states.map(({ entry, problems }) => [entry.state, entry.name, problems.length])).toEqual(
      [
        ['FOUND', 'ann', 0],
        ['FOUND', 'bob', 1],
        ['ABSENT', undefined, 0],
      ],
    );
    expect(directory.writes).toEqual([]);
    expect(directory.opened).toBe(1);
  });

  it('tells who is out of scope, and what becomes of the deactivated', async () => {
    const directory = new FakeDirectory();
    directory.plant('user', 'ann');
    const found = await previewing(directory.type)(
      { scopeFilter: 'title pr', onDeactivate: 'DELETE' },
      { resource: user('ann') },
      { resource: user('bob', { title: 'x', active: false }) },
    );
    expect(found.map(({ isInScope, action }) => [isInScope, action])).toEqual([
      [false, 'REMOVE'],
      [true, 'REMOVE'],
    ]);
  });

  it('reports a directory that does not answer, and asks it no further', async () => {
    for (const trouble of ['silent', 'down'] as const) {
      const directory = new FakeDirectory();
      if (trouble === 'silent') directory.silent = true;
      else directory.down = 'unavailable';
      const found = await previewing(directory.type)(
        {},
        { resource: user('ann') },
        { resource: user('bob') },
      );
      expect(found.map(({ entry }) => entry.state)).toEqual(['UNKNOWN', 'UNKNOWN']);
      expect(found.every(({ entry, problems }) => problems.includes(entry.message ?? ''))).toBe(
        true,
      );
      expect(found[0]?.lines[0]?.values).toEqual(['ann']);
      expect(directory.count('correlate')).toBeLessThanOrEqual(1);
    }
  });

  it('reports a target that cannot be opened', async () => {
    const type: ConnectorType = {
      ...new FakeDirectory().type,
      open: () => {
        throw new ConnectorError('invalid', 'No such file.');
      },
    };
    const [one] = await previewing(type)({}, { resource: user('ann') });
    expect(one).toMatchObject({ entry: { state: 'UNKNOWN' }, problems: ['No such file.'] });
  });
});

describeWith([SLAPD], 'a preview on a real OpenLDAP', () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startSlapd();
  });
  afterAll(() => slapd.stop());

  it('shows what would be written, without secrets, and leaves every entry as it is', async () => {
    await slapd.ldapmodify(
      [
        `dn: uid=ann,${slapd.userBaseDN}`,
        'changetype: add',
        'objectClass: inetOrgPerson',
        'uid: ann',
        'cn: Ann',
        'sn: Old',
        '',
      ].join('\n'),
    );
    const before = await slapd.search('(objectClass=*)', ['*', '+']);
    const [ann, bob] = await previewing(ldap, ldapTarget(slapd), 20_000)(
      {
        userOverrides: [{ attribute: 'userPassword', expression: 'title', apply: 'AUTHORITATIVE' }],
      },
      { resource: user('ann', { name: { familyName: 'New' }, title: 'Tr0ub4dor' }) },
      { resource: user('bob', { name: { familyName: 'Bo' }, title: 'Tr0ub4dor' }) },
    );
    expect(ann).toMatchObject({ entry: { state: 'FOUND' }, problems: [] });
    expect(ann?.changes?.map(({ detail }) => detail).join()).toContain('sn: New');
    expect(bob).toMatchObject({ entry: { state: 'ABSENT' }, changes: [{ operation: 'add' }] });
    const passwords = [ann, bob].map((one) => one?.lines.at(-1)?.values);
    expect(passwords).toEqual([['********'], ['********']]);
    expect(JSON.stringify([ann?.changes, bob?.changes])).toContain('userPassword: ********');
    expect(await slapd.search('(objectClass=*)', ['*', '+'])).toEqual(before);
  });
});
