/** The SAML connector on real databases. */
import path from 'node:path';
import { saml } from '../../connectors/saml/index';
import type { Attributes, Connector, EntryKind } from '../../connectors/spi';
import { describeWith, temporaryFolder } from '../support/daemon';
import { MARIADB, startMariadb } from '../support/mariadb';
import { POSTGRES, startPostgres } from '../support/postgres';
import { IDP, onEveryDatabase, openSaml as open } from '../support/saml-target';
import {
  mariadbDirectory,
  mariadbQuery,
  mariadbTarget,
  postgresDirectory,
  postgresQuery,
  postgresTarget,
  type Query,
  sqliteQuery,
} from '../support/sql';
import { call, collect, describeConnector, type Directory, failure } from './connector.contract';

const MEMBER_OF = 'urn:oid:1.3.6.1.4.1.5923.1.5.1.1';

function look(
  query: Query,
  more: Partial<Directory> & Pick<Directory, 'settings' | 'secrets' | 'stop'>,
): Directory {
  const entry = async (kind: EntryKind, name: string): Promise<Attributes | undefined> => {
    const table = kind === 'user' ? 'saml_user' : 'saml_group';
    const column = kind === 'user' ? 'username' : 'name';
    const found = await query(`SELECT id FROM ${table} WHERE ${column} = ?`, [name]);
    if (!found[0]) return undefined;
    const attributes: Record<string, string[]> = { [column]: [name] };
    const rows = await query('SELECT friendly_name, value FROM saml_attribute WHERE user_id = ?', [
      found[0]['id'],
    ]);
    for (const row of rows) {
      (attributes[String(row['friendly_name'])] ??= []).push(String(row['value']));
    }
    return attributes;
  };
  return {
    secretValues: [],
    entry,
    count: async (kind) =>
      Number((await query(`SELECT count(*) AS n FROM saml_${kind}`))[0]?.['n']),
    members: async (group) =>
      (
        await query(
          'SELECT u.username FROM saml_user u JOIN saml_attribute a ON a.user_id = u.id WHERE a.name = ? AND a.value = ?',
          [MEMBER_OF, group],
        )
      ).map((row) => String(row['username'])),
    active: async (name) =>
      (await query('SELECT active FROM saml_user WHERE username = ?', [name]))[0]?.['active'] === 1,
    ...more,
  };
}

const user = (name: string): Attributes => ({
  username: [name],
  mail: [`${name.length}@example.test`],
  displayName: ['<&> "É"'],
  sn: ["O'Brien"],
});

const fixture = {
  type: saml,
  user,
  group: (name: string): Attributes => ({ name: [name] }),
  multiValued: 'mail',
  replaceable: { attribute: 'displayName', optional: true },
  names: { accepted: ['x'.repeat(256)], refused: ['x'.repeat(257), 'line\nfeed', '\ud800'] },
  wrongSettings: [
    { settings: { idpEntityId: '' }, path: 'idpEntityId' },
    { settings: { nameIdFormat: 'transient' }, path: 'nameIdFormat' },
    { settings: { serviceProviders: ['a', 'a'] }, path: 'serviceProviders' },
    { settings: { matchAttribute: 'two words' }, path: 'matchAttribute' },
    { settings: { shibboleth: {} }, path: 'shibboleth' },
    { settings: { simplesamlphp: { tablePrefix: 'x;y' } }, path: 'simplesamlphp.tablePrefix' },
    { settings: { database: { kind: 'sqlite' } }, path: 'database.file' },
  ],
  listSize: 600,
};

describe('saml on SQLite', () => {
  describeConnector({
    ...fixture,
    start: async () => {
      const folder = temporaryFolder();
      const file = path.join(folder.path, 'saml.db');
      return look(sqliteQuery(file), {
        settings: { idpEntityId: IDP, database: { kind: 'sqlite', file } },
        secrets: {},
        stop: async () => folder.remove(),
      });
    },
  });
});

describeWith([POSTGRES], 'saml on PostgreSQL', () => {
  describeConnector({
    ...fixture,
    maxConnections: 4,
    start: async () => {
      const server = await startPostgres();
      const { database, secrets } = postgresTarget(server);
      return look(postgresQuery(server), {
        settings: { idpEntityId: IDP, database },
        secrets,
        ...postgresDirectory(server),
      });
    },
  });
});

describeWith([MARIADB], 'saml on MariaDB', () => {
  describeConnector({
    ...fixture,
    maxConnections: 4,
    start: async () => {
      const server = await startMariadb();
      const { database, secrets } = mariadbTarget(server);
      return look(mariadbQuery(server), {
        settings: { idpEntityId: IDP, database },
        secrets,
        ...mariadbDirectory(server),
      });
    },
  });
});

describe('saml specifics', () => {
  onEveryDatabase((where) => {
    let connector: Connector;
    let query: Query;
    const opened: Connector[] = [];
    const another = (settings: object): Connector => {
      const { database, secrets } = where();
      const one = open({ database, ...settings }, secrets);
      opened.push(one);
      return one;
    };
    const create = (name: string, more: Attributes = {}, by = connector) =>
      by.create('user', { attributes: { ...user(name), ...more }, active: true }, 'owner', call());
    const group = (name: string, by = connector) =>
      by.create('group', { attributes: { name: [name] }, active: true }, 'owner', call());

    beforeAll(() => {
      query = where().query;
      connector = another({});
    });
    afterAll(async () => {
      await Promise.all(opened.map((one) => one.close()));
    });

    it('makes a random persistent NameID and keeps it through every change', async () => {
      const written = await create('alice');
      const [row] = await query('SELECT * FROM saml_user WHERE username = ?', ['alice']);
      expect(row).toMatchObject({
        idp_entity_id: IDP,
        name_id_format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
        active: 1,
        owner: 'owner',
        version: 1,
      });
      expect(row?.['name_id']).toMatch(/^_[0-9a-f]{40}$/);
      const changes = [
        { attribute: 'username', replace: ['alice2'] },
        { attribute: 'title', replace: ['Dr.', 'Prof.'] },
      ];
      await connector.update('user', written, changes, call());
      await connector.update('user', written, changes, call());
      const [after] = await query('SELECT name_id, version FROM saml_user WHERE username = ?', [
        'alice2',
      ]);
      expect(after).toEqual({ name_id: row?.['name_id'], version: 2 });
    });

    it('stores attributes by OID with their friendly name, and others as basic names', async () => {
      const { reference } = await create('names', {
        mobile: ['+1'],
        costCenter: ['42'],
        'urn:example:role': ['user'],
      });
      const rows = await query(
        'SELECT name, friendly_name, name_format FROM saml_attribute WHERE user_id = ?',
        [reference],
      );
      expect(rows).toEqual(
        expect.arrayContaining([
          {
            name: 'urn:oid:0.9.2342.19200300.100.1.41',
            friendly_name: 'mobile',
            name_format: 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',
          },
          {
            name: 'costCenter',
            friendly_name: 'costCenter',
            name_format: 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic',
          },
          {
            name: 'urn:example:role',
            friendly_name: null,
            name_format: 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',
          },
        ]),
      );
      const entry = await connector.read('user', { reference, name: 'names' }, call());
      expect(entry?.attributes).toMatchObject({ mobile: ['+1'], 'urn:example:role': ['user'] });
    });

    it('refuses a change of the NameID unless allowed, and a NameID that is taken', async () => {
      const written = await create('mapped', { nameId: ['p-1'] });
      const change = [{ attribute: 'nameId', replace: ['p-2'] }];
      const error = await failure(connector.update('user', written, change, call()));
      expect([error.kind, error.attribute]).toEqual(['invalid', 'nameId']);
      const taken = await failure(create('second', { nameId: ['p-1'] }));
      expect([taken.kind, taken.attribute]).toEqual(['conflict', 'nameId']);
      await connector.update('user', written, [{ attribute: 'nameId', replace: [] }], call());
      const lenient = another({ allowNameIdChange: true });
      await lenient.update('user', written, change, call());
      const entry = await connector.read('user', written, call());
      expect(entry?.attributes['nameId']).toEqual(['p-2']);
    });

    it('wants a mapped NameID for formats that are not random', async () => {
      const byMail = another({ nameIdFormat: 'emailAddress' });
      const error = await failure(create('no-mail', {}, byMail));
      expect([error.kind, error.attribute]).toEqual(['invalid', 'nameId']);
      await create('with-mail', { nameId: ['with@example.test'] }, byMail);
    });

    it.each([
      ['isMemberOf', 'staff'],
      ['urn:oid:0.9.2342.19200300.100.1.3', 'a@b.test'],
      ['two words', 'x'],
      ['notOnOrAfter', 'tomorrow'],
      ['mail', 'a\u0000b'],
      ['mail', 'x'.repeat(2049)],
    ])('refuses %s = %j', async (attribute, value) => {
      const error = await failure(create('refused', { [attribute]: [value] }));
      expect([error.kind, error.attribute]).toEqual(['invalid', attribute]);
    });

    it('takes the longest values the indexes can hold', async () => {
      const value = Array.from({ length: 2048 }, (_, index) =>
        String.fromCharCode(33 + ((index * 7919) % 90)),
      ).join('');
      const written = await create('longest', { [`urn:${'n'.repeat(252)}`]: [value] });
      const entry = await connector.read('user', written, call());
      expect(Object.values(entry?.attributes ?? {})).toContainEqual([value]);
    });

    it('keeps isMemberOf through changes of the user and renames of the group', async () => {
      const written = await create('member');
      const [staff, vpn] = [await group('staff'), await group('vpn')];
      await connector.members(staff, { add: [written], remove: [] }, call());
      await connector.members(vpn, { add: [written], remove: [] }, call());
      // By hand somebody has given the name the group is about to get.
      await query(
        'INSERT INTO saml_attribute (user_id, name, value, name_format) VALUES (?, ?, ?, ?)',
        [written.reference, MEMBER_OF, 'employees', 'x'],
      );
      await connector.update(
        'user',
        written,
        [{ attribute: 'mail', replace: ['n@x.test'] }],
        call(),
      );
      await connector.update(
        'group',
        staff,
        [{ attribute: 'name', replace: ['employees'] }],
        call(),
      );
      const entry = await connector.read('user', written, call());
      expect(entry?.attributes['isMemberOf']).toEqual(['employees', 'vpn']);
      await connector.remove('group', vpn, call());
      const after = await connector.read('user', written, call());
      expect(after?.attributes['isMemberOf']).toEqual(['employees']);
    });

    it('leaves out members that do not exist and says so', async () => {
      const written = await group('partly');
      const ghost = { reference: 'ghost', name: 'ghost' };
      const after = await connector.members(written, { add: [ghost], remove: [ghost] }, call());
      expect(after.warnings).toEqual(['1 members are not in the database and were left out']);
    });

    it('keeps identity providers apart in one database', async () => {
      const other = another({ idpEntityId: 'https://other.test' });
      const mine = await create('apart');
      expect(await other.read('user', mine, call())).toBeUndefined();
      const key = [{ attribute: 'username', value: 'apart' }];
      expect(await other.correlate('user', key, call())).toEqual([]);
      expect((await failure(create('apart', {}, other))).kind).toBe('conflict');
      const [ours, theirs] = [await group('shared'), await group('shared', other)];
      const yours = await create('theirs', {}, other);
      await connector.members(ours, { add: [mine], remove: [] }, call());
      await other.members(theirs, { add: [yours], remove: [] }, call());
      await connector.update('group', ours, [{ attribute: 'name', replace: ['ours'] }], call());
      const entry = await other.read('user', yours, call());
      expect(entry?.attributes['isMemberOf']).toEqual(['shared']);
      expect(await collect(other.list('user', call()))).toHaveLength(1);
    });

    it('adopts a user somebody made by hand', async () => {
      await query(
        "INSERT INTO saml_user (id, username, idp_entity_id, name_id, name_id_format) VALUES ('by-hand', 'hand', ?, 'p-hand', 'x')",
        [IDP],
      );
      const [found] = await connector.correlate(
        'user',
        [{ attribute: 'nameId', value: 'p-hand' }],
        call(),
      );
      expect(found).toMatchObject({ reference: 'by-hand', name: 'hand' });
      await connector.update(
        'user',
        found!,
        [{ attribute: 'mail', replace: ['h@x.test'] }],
        call(),
      );
      const entry = await connector.read('user', found!, call());
      expect(entry?.attributes).toMatchObject({ nameId: ['p-hand'], mail: ['h@x.test'] });
    });
  });

  it('needs a running server only when it is used, and says what tables lack', async () => {
    const folder = temporaryFolder();
    const file = path.join(folder.path, 'saml.db');
    const connector = open({ database: { kind: 'sqlite', file }, createTables: false });
    const [connect, tables] = await connector.test(call());
    expect(connect?.state).toBe('ok');
    expect(tables).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('saml_user'),
    });
    expect((await failure(create(connector))).kind).toBe('invalid');
    await connector.close();
    folder.remove();
  });
});

function create(connector: Connector) {
  return connector.create('user', { attributes: user('x'), active: true }, 'o', call());
}
