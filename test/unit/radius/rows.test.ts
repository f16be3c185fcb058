import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Dictionary } from '../../../connectors/radius/dictionary';
import { radius } from '../../../connectors/radius/index';
import { isSecret, parseName } from '../../../connectors/radius/names';
import { plan } from '../../../connectors/radius/plan';
import { attributesOf, parseNames, type Row, rowsFor } from '../../../connectors/radius/profile';
import { referenceOf } from '../../../connectors/radius/reference';
import { SQL_NOTATION } from '../../../connectors/radius/sql-store/notation';
import { ConnectorError } from '../../../connectors/spi';
import { temporaryFolder } from '../../support/daemon';

const row = (attribute: string, op: string, value: string): Row => ({ attribute, op, value });

describe('attribute names', () => {
  it.each([
    ['reply:Filter-Id', { place: 'reply', attribute: 'Filter-Id', operator: undefined }],
    ['reply:Tunnel-Type:0', { place: 'reply', attribute: 'Tunnel-Type:0', operator: undefined }],
    ['reply:Cisco-AVPair +=', { place: 'reply', attribute: 'Cisco-AVPair', operator: '+=' }],
    ['check:NAS-Port ==', { place: 'check', attribute: 'NAS-Port', operator: '==' }],
  ])('%s', (name, slot) => expect(parseName('user', name)).toEqual(slot));

  it.each([
    'reply:',
    'Filter-Id',
    'reply:-x',
    'reply:a b',
    'reply:Filter-Id  +=',
    "reply:x';--",
    'check:Auth-Type',
    'reply:FALL-THROUGH',
  ])('%s is refused', (name) => expect(() => parseName('user', name)).toThrow(ConnectorError));

  it('refuses two that write the same rows', () => {
    expect(() => parseNames('user', ['reply:Class', 'reply:Class +='])).toThrow('same rows');
    expect(() => parseNames('user', ['reply:Class', 'reply:class'])).toThrow('same rows');
    expect(parseNames('user', ['User-Name', 'check:NAS-Port', 'check:NAS-Port =='])).toHaveLength(
      2,
    );
  });

  it('knows secrets', () => {
    expect(
      ['Cleartext-Password', 'Tunnel-Password:0', 'TOTP-Secret', 'MS-MPPE-Send-Key'].every(
        isSecret,
      ),
    ).toBe(true);
    expect(['Filter-Id', 'User-Name'].some(isSecret)).toBe(false);
  });
});

describe('rows', () => {
  it('give single values `:=` and further ones `+=`, to groups `=`', () => {
    const slot = { place: 'reply', attribute: 'Class', operator: undefined } as const;
    const operators = (kind: 'user' | 'group') =>
      rowsFor(kind, slot, ['a', 'b']).map((one) => one.op);
    expect(operators('user')).toEqual([':=', '+=']);
    expect(operators('group')).toEqual(['=', '+=']);
  });

  it('are read under the name that would write them', () => {
    const rows = {
      check: [row('NAS-Port', '==', '1')],
      reply: [
        row('Class', ':=', 'a'),
        row('Class', '+=', 'b'),
        row('Cisco-AVPair', '+=', '`x`'),
        row('Session-Timeout', '=', '5'),
      ],
    };
    expect(attributesOf('user', 'alice', rows)).toEqual({
      'User-Name': ['alice'],
      'check:NAS-Port ==': ['1'],
      'reply:Class': ['a', 'b'],
      'reply:Cisco-AVPair +=': ['`x`'],
      'reply:Session-Timeout =': ['5'],
    });
  });
});

describe('plan', () => {
  const alice = {
    reference: 'r',
    name: 'alice',
    active: true,
    attributes: {
      'User-Name': ['alice'],
      'check:Cleartext-Password': ['old'],
      'reply:Class': ['a'],
    },
  };

  it('masks secrets', () => {
    const attributes = { 'User-Name': ['alice'], 'check:Cleartext-Password': ['hunter2'] };
    const text = JSON.stringify([
      plan(SQL_NOTATION, 'user', undefined, { attributes, active: true }),
      plan(SQL_NOTATION, 'user', alice, { attributes, active: true }),
    ]);
    expect(text).toContain('***');
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain('old');
  });

  it('shows a rename, a removal and a deactivation', () => {
    const attributes = { 'User-Name': ["o'alice"], 'reply:Class': [] };
    const changes = plan(SQL_NOTATION, 'user', alice, { attributes, active: false });
    expect(changes.map((one) => `${one.operation} ${one.object}: ${one.detail}`)).toEqual([
      "UPDATE radcheck, radreply, radusergroup, usher_radius_entry: SET name = 'o''alice' WHERE name = 'alice'",
      "DELETE radreply: WHERE username = 'o''alice' AND attribute = 'Class'",
      "INSERT radcheck: VALUES ('o''alice', 'Auth-Type', ':=', 'Reject')",
      "INSERT radreply: VALUES ('o''alice', 'Fall-Through', ':=', 'No')",
    ]);
  });
});

describe('dictionary', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());
  mkdirSync(path.join(folder.path, 'sub'));
  const file = path.join(folder.path, 'dictionary');
  writeFileSync(
    file,
    '# comment\n$INCLUDE sub/more\n$INCLUDE- sub/none\nATTRIBUTE\tFilter-Id 11 string\nATTRIBUTE Framed-IP-Address 8 ipaddr\n',
  );
  writeFileSync(
    path.join(folder.path, 'sub/more'),
    'ATTRIBUTE Tunnel-Type 64 integer has_tag\nVALUE Tunnel-Type VLAN 13\n',
  );
  const dictionary = new Dictionary(file);

  it('knows attributes and fits values', () => {
    expect(dictionary.size).toBe(3);
    expect(() => dictionary.check('n', 'filter-id', ['x'])).not.toThrow();
    expect(() => dictionary.check('n', 'Tunnel-Type:0', ['VLAN', '13'])).not.toThrow();
    expect(() => dictionary.check('n', 'Framed-IP-Address', ['10.0.0.1'])).not.toThrow();
  });

  it('refuses what the server would reject the user for', () => {
    expect(() => dictionary.check('n', 'Filter-Idd', ['x'])).toThrow('no attribute');
    expect(() => dictionary.check('n', 'Tunnel-Type:0', ['LAN'])).toThrow('integer');
    expect(() => dictionary.check('n', 'Framed-IP-Address', ['ten'])).toThrow('ipaddr');
  });

  it('is asked before anything is written, and is a step of the test', async () => {
    const call = { signal: AbortSignal.timeout(5_000) };
    const settings = { database: { kind: 'sqlite', file: 'radius.db' }, dictionary: 'dictionary' };
    const parsed = radius.parse(settings, {});
    const connector = radius.open(parsed.settings, parsed.secrets, {
      targetId: 't',
      dataDir: folder.path,
      log: () => undefined,
    });
    const attributes = { 'User-Name': ['a'], 'reply:Unknown-Thing': ['x'] };
    const creating = connector.create('user', { attributes, active: true }, 'o', call);
    await expect(creating).rejects.toMatchObject({
      kind: 'invalid',
      attribute: 'reply:Unknown-Thing',
    });
    const steps = await connector.test(call);
    expect(steps.map((one) => `${one.name} ${one.state}`)).toEqual([
      'connect ok',
      'tables ok',
      'rights ok',
      'dictionary ok',
    ]);
    await connector.close();
  });
});

describe('reference', () => {
  it('is a UUID that depends on kind and name only', () => {
    expect(referenceOf('user', 'a')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(referenceOf('user', 'a')).toBe(referenceOf('user', 'a'));
    expect(referenceOf('user', 'a')).not.toBe(referenceOf('group', 'a'));
  });
});
