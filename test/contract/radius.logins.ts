/** What a real FreeRADIUS answers for profiles in one of the stores it does not read as SQL tables. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Attributes, Connector, Written } from '../../connectors/spi';
import { temporaryFolder } from '../support/daemon';
import type { Freeradius, RadiusAnswer } from '../support/freeradius';
import { call, failure, NASTY_NAMES } from './connector.contract';

/** The connector under test and the server that reads what it writes. */
export interface LoginPlace {
  readonly connector: Connector;
  readonly server: Freeradius;
  /** A second server with the same profiles that leaves the password to another one; and the same without the policy. */
  readonly proxy: Freeradius;
  readonly lax: Freeradius;
  /** Makes every server read what was written. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

/** Every user has it, as far as the servers know. */
export const PASSWORD = 'wonder land';

/** What the other server knows: its profiles are in a store of the same kind, with the password in them. */
export const UPSTREAM: Readonly<Record<string, string>> = {
  alice: PASSWORD,
  bob: PASSWORD,
  nobody: PASSWORD,
  grouped: PASSWORD,
  plain: PASSWORD,
  secretive: 'p%{w} \'"`\\ x\\',
};

const witness = temporaryFolder('usher-witness-');
const ran = path.join(witness.path, 'ran');

/** Values that some encoder somewhere has expanded, run or cut. */
const HOSTILE: readonly string[] = [
  `\`/usr/bin/touch ${ran}\``,
  `\`%{exec:/usr/bin/touch ${ran}}\``,
  `"%{exec:/usr/bin/touch ${ran}}"`,
  `%{exec:/usr/bin/touch ${ran}}`,
  "'single'",
  "x' , Auth-Type := Accept, Filter-Id = 'y",
  '"double"',
  '`',
  '"',
  "'",
  '\'"`',
  '"%{User-Name}"',
  '${HOME}',
  'back\\slash',
  'new\\nline',
  '\\101\\x41',
  'ends in one\\',
  '\\',
  "\\'",
  '漢字😀',
  '  spaces  ',
  '#, = := ; { }',
  '"'.repeat(253),
  "'".repeat(253),
  '\\'.repeat(253),
  'x'.repeat(253),
];

/** Runs the scenario. `refused` are names the store cannot hold. */
export function describeLogins(
  start: () => Promise<LoginPlace>,
  { refused }: { readonly refused: readonly string[] },
): void {
  let place: LoginPlace;
  const written = new Map<string, Written>();
  const list = [
    ...NASTY_NAMES,
    'a+b@corp.test',
    'a=27b',
    '%{exec:/bin/false}',
    "x' OR '1'='1",
  ].concat([
    'x'.repeat(253),
    '$INCLUDE /etc/passwd',
    '#hash',
    '`id`',
    'Reject',
    '0',
    '=x',
    'a\u00a0b',
  ]);
  const names = [...new Set(list)].filter((name) => !refused.includes(name));
  const create = async (name: string, more: Attributes = {}, active = true): Promise<void> => {
    const attributes = { 'User-Name': [name], ...more };
    written.set(name, await place.connector.create('user', { attributes, active }, 'o', call()));
  };
  const group = async (name: string, more: Attributes, ...who: string[]): Promise<Written> => {
    const attributes = { 'Group-Name': [name], ...more };
    const made = await place.connector.create('group', { attributes, active: true }, 'o', call());
    const add = who.map((one) => written.get(one) as Written);
    return place.connector.members(made, { add, remove: [] }, call());
  };
  const ask = (name: string): Promise<RadiusAnswer> => place.server.authenticate(name, PASSWORD);
  let first: Written;

  beforeAll(async () => {
    place = await start();
    await create('alice', {
      'reply:Filter-Id': ['staff'],
      'reply:Session-Timeout': ['3600'],
      'reply:Idle-Timeout': ['60'],
      'reply:Framed-IP-Address': ['10.9.8.7'],
      VLAN: ['120'],
      'reply:Class': ['raw "bytes"'],
      'reply:Cisco-AVPair': ['shell:priv-lvl=15', 'second'],
      'reply:Fortinet-Group-Name +=': ['vpn'],
    });
    await create('secretive');
    await create('plain');
    await create('past', { 'check:Expiration': ['2020-01-31T00:00:00Z'] });
    await create('future', { 'check:Expiration': ['2037-01-31T00:00:00Z'] });
    await create('bob', { 'reply:Filter-Id': ['staff'] }, false);
    await create('grouped', { 'reply:Session-Timeout': ['60'] });
    await group('nothing to say', {}, 'grouped');
    const says = { 'reply:Session-Timeout': ['600'], 'reply:Idle-Timeout': ['10'] };
    const hostile = 'first (all), "x" \\ `id` %{User-Name}\'';
    const vpn = { 'reply:Fortinet-Group-Name +=': [hostile] };
    first = await group(hostile, { ...vpn, ...says }, 'grouped', 'bob');
    await group('third', { 'reply:Fortinet-Group-Name +=': ['third'] }, 'grouped');
    for (const name of names) await create(name, { 'reply:Filter-Id': ['own'] });
    for (const [index, value] of HOSTILE.entries()) {
      await create(`value-${index}`, { 'reply:Reply-Message': [value] });
    }
    await place.flush();
  }, 120_000);

  afterAll(async () => {
    await place?.stop();
    witness.remove();
  });

  it('accepts with the attributes of the profile', async () => {
    expect(await ask('alice')).toEqual({
      code: 'Access-Accept',
      attributes: {
        'Filter-Id': ['staff'],
        'Session-Timeout': ['3600'],
        'Idle-Timeout': ['60'],
        'Framed-IP-Address': ['10.9.8.7'],
        'Tunnel-Type:0': ['VLAN'],
        'Tunnel-Medium-Type:0': ['IEEE-802'],
        'Tunnel-Private-Group-Id:0': ['120'],
        Class: [`0x${Buffer.from('raw "bytes"').toString('hex')}`],
        'Cisco-AVPair': ['shell:priv-lvl=15', 'second'],
        'Fortinet-Group-Name': ['vpn'],
      },
    });
    const entry = await place.connector.read('user', written.get('alice') as Written, call());
    expect(entry?.attributes['VLAN']).toEqual(['120']);
  });

  it('accepts a profile without any attribute, and nobody without a profile', async () => {
    expect(await ask('plain')).toEqual({ code: 'Access-Accept', attributes: {} });
    expect((await place.server.authenticate('plain', 'wrong')).code).toBe('Access-Reject');
    expect((await place.proxy.authenticate('nobody', PASSWORD)).code).toBe('Access-Reject');
  });

  it('takes a password from the profile, letter by letter', async () => {
    const { secretive = '' } = UPSTREAM;
    expect((await place.proxy.authenticate('secretive', secretive)).code).toBe('Access-Accept');
    expect((await place.proxy.authenticate('secretive', `${secretive}x`)).code).toBe(
      'Access-Reject',
    );
  });

  it('rejects whose time is over, and only those', async () => {
    expect((await ask('past')).code).toBe('Access-Reject');
    const future = await ask('future');
    expect(future.code).toBe('Access-Accept');
    const entry = await place.connector.read('user', written.get('past') as Written, call());
    expect(entry?.attributes['check:Expiration']).toEqual(['2020-01-31T00:00:00Z']);
  });

  it('answers what every group of a user says, after the user', async () => {
    expect((await ask('grouped')).attributes).toEqual({
      'Fortinet-Group-Name': ['first (all), "x" \\ `id` %{User-Name}\'', 'third'],
      'Session-Timeout': ['60'],
      'Idle-Timeout': ['10'],
    });
  });

  it.each(names)('finds the profile of %j', async (name) => {
    expect(await ask(name)).toEqual({
      code: 'Access-Accept',
      attributes: { 'Filter-Id': ['own'] },
    });
  });

  it.each([...refused, 'DEFAULT'])('refuses the name %j', async (name) => {
    const error = await failure(create(name));
    expect([error.kind, error.outcome, error.attribute]).toEqual(['invalid', 'none', 'User-Name']);
  });

  it.each(HOSTILE.map((value, index) => [value, index] as const))(
    'lets the value %j come out letter by letter',
    async (value, index) => {
      expect((await ask(`value-${index}`)).attributes).toEqual({ 'Reply-Message': [value] });
      expect(existsSync(ran)).toBe(false);
    },
  );

  it('rejects who is disabled or not provisioned behind another server, by the shipped policy', async () => {
    expect(await place.proxy.authenticate('alice', PASSWORD)).toMatchObject({
      code: 'Access-Accept',
      attributes: { 'Filter-Id': ['staff'], 'Cisco-AVPair': ['shell:priv-lvl=15', 'second'] },
    });
    expect((await place.proxy.authenticate('alice', 'wrong')).code).toBe('Access-Reject');
    expect((await place.proxy.authenticate('bob', PASSWORD)).code).toBe('Access-Reject');
    expect((await place.lax.authenticate('bob', PASSWORD)).code).toBe('Access-Accept');
  });

  it('rejects a disabled user, and accepts again with everything there was', async () => {
    expect((await ask('bob')).code).toBe('Access-Reject');
    expect((await ask('bob')).attributes['Filter-Id']).toBeUndefined();
    await place.connector.setActive('user', written.get('bob') as Written, true, call());
    await place.flush();
    expect((await ask('bob')).attributes).toMatchObject({
      'Filter-Id': ['staff'],
      'Idle-Timeout': ['10'],
    });
  });

  it('follows renames of users and groups, and removals', async () => {
    const rename = (kind: 'user' | 'group', to: string) => [
      { attribute: kind === 'user' ? 'User-Name' : 'Group-Name', replace: [to] },
    ];
    const grouped = written.get('grouped') as Written;
    await place.connector.update('user', grouped, rename('user', "o'grouped+1"), call());
    await place.connector.update('group', first, rename('group', 'Zweite'), call());
    await place.flush();
    // Groups come in the order of their names.
    const both = (await ask("o'grouped+1")).attributes['Fortinet-Group-Name'];
    expect([...(both ?? [])].sort()).toEqual(['first (all), "x" \\ `id` %{User-Name}\'', 'third']);
    expect((await place.proxy.authenticate('grouped', PASSWORD)).code).toBe('Access-Reject');
    await place.connector.remove('group', first, call());
    await place.connector.remove('user', written.get('plain') as Written, call());
    await place.flush();
    expect((await ask("o'grouped+1")).attributes['Fortinet-Group-Name']).toEqual(['third']);
    expect((await place.proxy.authenticate('plain', PASSWORD)).code).toBe('Access-Reject');
  });

  it.each([
    ['check:Auth-Type', 'Accept'],
    ['reply:Fall-Through', 'No'],
    ['reply:Filter-Id', 'tab\there'],
    ['reply:Filter-Id', 'x'.repeat(254)],
    ['reply:Bad Name', 'x'],
    ['reply:Xyzzy-Attribute', 'x'],
    ['reply:Session-Timeout', 'soon'],
    ['reply:Framed-IP-Address', 'ten'],
    ['reply:Filter-Id:1', 'x'],
    ['reply:Cisco-AVPair', 'x'.repeat(248)],
    ['check:Expiration', 'tomorrow'],
  ])('refuses %s = %j', async (attribute, value) => {
    const error = await failure(create('refused', { [attribute]: [value] }));
    expect([error.kind, error.outcome, error.attribute]).toEqual(['invalid', 'none', attribute]);
  });
}
