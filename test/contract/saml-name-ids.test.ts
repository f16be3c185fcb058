/** Who a SAML user is: NameIDs for single service providers, recognition by attribute, and older tables. */
import { saml } from '../../connectors/saml/index';
import { type Attributes, type Connector, SettingsError } from '../../connectors/spi';
import { SAML_TABLES } from '../../connectors/saml/tables';
import type { Dialect } from '../../connectors/sql/transaction';
import { IDP, onEveryDatabase, openSaml } from '../support/saml-target';
import type { Query } from '../support/sql';
import { call, failure } from './connector.contract';

const [WIKI, MAIL] = ['https://wiki.test/sp', 'https://mail.test/sp'];

describe('NameIDs', () => {
  onEveryDatabase((where) => {
    let query: Query;
    const opened: Connector[] = [];
    const open = (settings: object): Connector => {
      const { database, secrets } = where();
      const one = openSaml({ database, ...settings }, secrets);
      opened.push(one);
      return one;
    };
    const create = (by: Connector, name: string, more: Attributes = {}, active = true) =>
      by.create('user', { attributes: { username: [name], ...more }, active }, 'owner', call());
    const nameIds = async (name: string): Promise<Record<string, unknown>> =>
      Object.fromEntries(
        (
          await query(
            'SELECT n.sp_entity_id, n.name_id FROM saml_name_id n JOIN saml_user u ON u.id = n.user_id WHERE u.username = ?',
            [name],
          )
        ).map((row) => [String(row['sp_entity_id']), row['name_id']]),
      );

    beforeAll(() => {
      query = where().query;
    });
    afterAll(async () => {
      await Promise.all(opened.map((one) => one.close()));
    });

    it('brings the tables of an older Usher up to date, and keeps what is in them', async () => {
      const { kind } = where().database as { kind: Dialect };
      const options =
        kind === 'mysql' ? ' DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_nopad_bin' : '';
      const first = SAML_TABLES.find((table) => table.name === 'saml_user');
      for (const statement of first?.create[kind] ?? []) await query(`${statement}${options}`);
      await query(
        "INSERT INTO saml_user (id, username, idp_entity_id, name_id, name_id_format) VALUES ('old', 'old', ?, 'p-old', 'x')",
        [IDP],
      );
      // Two processes find the old tables at the same moment.
      const both = [open({}), open({})];
      await Promise.all(
        both.map((one) => one.read('user', { reference: 'old', name: '' }, call())),
      );
      await both[0]?.update(
        'user',
        { reference: 'old', name: 'old' },
        [{ attribute: 'role', replace: ['admin'] }],
        call(),
      );
      const [row] = await query('SELECT name_id, role, version FROM saml_user WHERE id = ?', [
        'old',
      ]);
      expect(row).toEqual({ name_id: 'p-old', role: 'admin', version: 2 });
    });

    it('gives each service provider one of its own, also when it is named later', async () => {
      const before = open({});
      await create(before, 'early');
      const connector = open({ serviceProviders: [WIKI] });
      const written = await create(connector, 'pairs', { nameId: ['p-main'] });
      const first = await nameIds('pairs');
      expect(first).toEqual({ [WIKI]: expect.stringMatching(/^[0-9a-f]{40}$/) });
      const more = open({ serviceProviders: [WIKI, MAIL] });
      const entry = await more.read('user', written, call());
      const after = await nameIds('pairs');
      expect(after[WIKI]).toBe(first[WIKI]);
      expect(after[MAIL]).not.toBe(after[WIKI]);
      expect(entry?.attributes).toMatchObject({
        nameId: ['p-main'],
        [`nameId:${WIKI}`]: [after[WIKI]],
        [`nameId:${MAIL}`]: [after[MAIL]],
      });
      expect(Object.keys(await nameIds('early')).sort()).toEqual([MAIL, WIKI]);
      await more.update('user', written, [{ attribute: 'username', replace: ['renamed'] }], call());
      expect(await nameIds('renamed')).toEqual(after);
      await more.remove('user', written, call());
      expect(
        await query('SELECT 1 FROM saml_name_id WHERE user_id = ?', [written.reference]),
      ).toEqual([]);
    });

    it('takes mapped ones, refuses to change them, and never gives one to two users', async () => {
      const connector = open({ serviceProviders: [WIKI, MAIL] });
      const written = await create(connector, 'assigned', { [`nameId:${WIKI}`]: ['w-1'] });
      const found = await connector.correlate(
        'user',
        [{ attribute: `nameId:${WIKI}`, value: 'w-1' }],
        call(),
      );
      expect(found.map((one) => one.reference)).toEqual([written.reference]);
      const taken = await failure(create(connector, 'copy', { [`nameId:${WIKI}`]: ['w-1'] }));
      expect([taken.kind, taken.attribute]).toEqual(['conflict', `nameId:${WIKI}`]);
      await create(connector, 'elsewhere', { [`nameId:${MAIL}`]: ['w-1'] });
      const change = [{ attribute: `nameId:${WIKI}`, replace: ['w-2'] }];
      const refused = await failure(connector.update('user', written, change, call()));
      expect([refused.kind, refused.attribute]).toEqual(['invalid', `nameId:${WIKI}`]);
      expect(refused.message).toContain('allowNameIdChange');
      const lenient = open({ serviceProviders: [WIKI, MAIL], allowNameIdChange: true });
      await lenient.update('user', written, change, call());
      expect((await nameIds('assigned'))[WIKI]).toBe('w-2');
      const unknown = await failure(create(connector, 'x', { 'nameId:https://unknown': ['y'] }));
      expect([unknown.kind, unknown.attribute]).toEqual(['invalid', 'nameId:https://unknown']);
      // The database itself keeps them apart, whoever writes.
      await expect(
        query(
          'INSERT INTO saml_name_id (user_id, sp_entity_id, idp_entity_id, name_id) VALUES (?, ?, ?, ?)',
          ['old', WIKI, IDP, 'w-2'],
        ),
      ).rejects.toThrow(/unique|duplicate/i);
    });

    it('recognises a user by an attribute, unique for each identity provider', async () => {
      const connector = open({ matchAttribute: 'eduPersonPrincipalName' });
      const missing = await failure(create(connector, 'nobody'));
      expect([missing.kind, missing.attribute]).toEqual(['invalid', 'matchValue']);
      const written = await create(connector, 'matched', { matchValue: ['m@x.test'] });
      const [row] = await query('SELECT match_attribute, match_value FROM saml_user WHERE id = ?', [
        written.reference,
      ]);
      expect(row).toEqual({
        match_attribute: 'urn:oid:1.3.6.1.4.1.5923.1.1.1.6',
        match_value: 'm@x.test',
      });
      const taken = await failure(create(connector, 'same', { matchValue: ['m@x.test'] }));
      expect([taken.kind, taken.attribute]).toEqual(['conflict', 'matchValue']);
      const keys = [{ attribute: 'matchValue', value: 'm@x.test' }];
      expect(await connector.correlate('user', keys, call())).toHaveLength(1);
      await create(
        open({ matchAttribute: 'eduPersonPrincipalName', idpEntityId: 'https://other.test' }),
        'elsewhere-matched',
        { matchValue: ['m@x.test'] },
      );
      const changes = [{ attribute: 'matchValue', replace: ['n@x.test'] }];
      await connector.update('user', written, changes, call());
      const entry = await connector.read('user', written, call());
      expect(entry?.attributes['matchValue']).toEqual(['n@x.test']);
      // Recognised by another attribute from now on: the value is written anew, with its attribute.
      const byMail = open({ matchAttribute: 'mail' });
      expect(
        (await byMail.read('user', written, call()))?.attributes['matchValue'],
      ).toBeUndefined();
      await byMail.update('user', written, changes, call());
      const [after] = await query('SELECT match_attribute FROM saml_user WHERE id = ?', [
        written.reference,
      ]);
      expect(after).toEqual({ match_attribute: 'urn:oid:0.9.2342.19200300.100.1.3' });
      await expect(
        query(
          'UPDATE saml_user SET idp_entity_id = ?, match_attribute = ?, match_value = ? WHERE username = ?',
          [IDP, 'urn:oid:0.9.2342.19200300.100.1.3', 'n@x.test', 'old'],
        ),
      ).rejects.toThrow(/unique|duplicate/i);
      const unconfigured = await failure(create(open({}), 'x', { matchValue: ['v'] }));
      expect([unconfigured.kind, unconfigured.attribute]).toEqual(['invalid', 'matchValue']);
    });

    it('says which identity provider a taken name belongs to', async () => {
      await create(open({}), 'mine');
      const other = open({ idpEntityId: 'https://other.test' });
      const error = await failure(create(other, 'mine'));
      expect([error.kind, error.attribute]).toEqual(['conflict', 'username']);
      expect(error.message).toContain(IDP);
    });

    it('keeps role and externalId with the user, and takes them away again', async () => {
      const connector = open({});
      const written = await create(connector, 'roles', { role: ['sponsor'], externalId: ['e-1'] });
      const read = async () => (await connector.read('user', written, call()))?.attributes;
      expect(await read()).toMatchObject({ role: ['sponsor'], externalId: ['e-1'] });
      for (const attribute of ['role', 'externalId']) {
        const value = attribute === 'role' ? 'sponsor' : 'e-1';
        expect(await connector.correlate('user', [{ attribute, value }], call())).toHaveLength(1);
        await connector.update('user', written, [{ attribute, replace: [] }], call());
      }
      expect(Object.keys((await read()) ?? {}).sort()).toEqual(['nameId', 'username']);
    });

    it('copies them for SimpleSAMLphp and Shibboleth, to the tables those read', async () => {
      const connector = open({
        serviceProviders: [WIKI, MAIL],
        simplesamlphp: { tablePrefix: 'SimpleSAMLphp', idpEntityId: 'https://ssp.test/idp' },
        shibboleth: {},
      });
      // A user from before the tables were asked for has its rows with the first call.
      await connector.correlate('user', [{ attribute: 'username', value: 'x' }], call());
      const old = await query(
        'SELECT _sp, _value FROM SimpleSAMLphp_saml_PersistentNameID WHERE _user = ?',
        ['old'],
      );
      expect(Object.fromEntries(old.map((row) => [String(row['_sp']), row['_value']]))).toEqual(
        await nameIds('old'),
      );
      expect(await query('SELECT _name, _version FROM SimpleSAMLphp_tableVersion')).toEqual([
        { _name: 'saml_PersistentNameID', _version: 1 },
      ]);
      const written = await create(connector, 'copied', { [`nameId:${WIKI}`]: ['c-copied'] });
      const ssp = (user: string) =>
        query(
          'SELECT _idp, _value FROM SimpleSAMLphp_saml_PersistentNameID WHERE _sp = ? AND _user = ?',
          [WIKI, user],
        );
      const shib = async () =>
        (
          await query(
            `SELECT persistentId AS id, localId AS local, principalName AS principal, creationDate IS NOT NULL AS created,
             deactivationDate IS NULL AS active FROM shibpid WHERE localEntity = ? AND peerEntity = ? AND persistentId LIKE 'c-%'
             ORDER BY persistentId`,
            [IDP, WIKI],
          )
        ).map((row) => ({
          ...row,
          created: Boolean(row['created']),
          active: Boolean(row['active']),
        }));
      const stored = {
        id: 'c-copied',
        local: 'copied',
        principal: 'copied',
        created: true,
        active: true,
      };
      expect(await ssp('copied')).toEqual([{ _idp: 'https://ssp.test/idp', _value: 'c-copied' }]);
      expect(await shib()).toEqual([stored]);
      await connector.setActive('user', written, false, call());
      expect(await shib()).toEqual([{ ...stored, active: false }]);
      await connector.setActive('user', written, true, call());
      expect(await shib()).toEqual([stored]);
      const rename = [{ attribute: 'username', replace: ['copied2'] }];
      await connector.update('user', written, rename, call());
      expect(await ssp('copied')).toEqual([]);
      expect(await ssp('copied2')).toHaveLength(1);
      expect(await shib()).toEqual([{ ...stored, local: 'copied2', principal: 'copied2' }]);
      const lenient = open({
        serviceProviders: [WIKI, MAIL],
        simplesamlphp: { tablePrefix: 'SimpleSAMLphp', idpEntityId: 'https://ssp.test/idp' },
        shibboleth: {},
        allowNameIdChange: true,
      });
      const change = [{ attribute: `nameId:${WIKI}`, replace: ['c-next'] }];
      await lenient.update('user', written, change, call());
      expect(await shib()).toMatchObject([
        { id: 'c-copied', active: false },
        { id: 'c-next', active: true },
      ]);
      expect(await ssp('copied2')).toMatchObject([{ _value: 'c-next' }]);
      await connector.remove('user', written, call());
      expect(await ssp('copied2')).toEqual([]);
      expect(await shib()).toEqual([]);
      expect((await connector.test(call())).filter((step) => step.state !== 'ok')).toEqual([]);
    });
  });

  it.each([
    ['transient', 'cannot be provisioned'],
    ['entity', 'systems, not users'],
    ['windows', 'must be one of persistent'],
  ])('the format %s is refused with the reason', (nameIdFormat, reason) => {
    const parse = () =>
      saml.parse({ idpEntityId: IDP, database: { kind: 'sqlite', file: 'x' }, nameIdFormat }, {});
    expect(parse).toThrow(SettingsError);
    expect(parse).toThrow(reason);
  });

  it('an e-mail address as NameID is one', async () => {
    const connector = openSaml({
      database: { kind: 'sqlite', file: ':memory:' },
      nameIdFormat: 'emailAddress',
    });
    const attributes = { username: ['x'], nameId: ['not an address'] };
    const error = await failure(
      connector.create('user', { attributes, active: true }, 'o', call()),
    );
    expect([error.kind, error.attribute]).toEqual(['invalid', 'nameId']);
  });
});
