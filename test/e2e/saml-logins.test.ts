/** From an identity provider's SCIM push to who may log in at a real SimpleSAMLphp, and as whom. */
import path from 'node:path';
import { describeWith, until } from '../support/daemon';
import { type Login, ServiceProvider } from '../support/saml-login';
import {
  PHP,
  SIMPLESAMLPHP,
  type SimpleSamlPhp,
  type SimpleSamlPhpOptions,
  startSimpleSamlPhp,
} from '../support/simplesamlphp';
import { sqliteQuery } from '../support/sql';
import { Usher } from '../support/usher';
import { entraGroup, entraUser, patch } from '../support/wire';

const WIKI = { entityId: 'https://wiki.test/sp', consumerUrl: 'https://wiki.test/acs' };
const OID = {
  mail: 'urn:oid:0.9.2342.19200300.100.1.3',
  displayName: 'urn:oid:2.16.840.1.113730.3.1.241',
  sn: 'urn:oid:2.5.4.4',
  isMemberOf: 'urn:oid:1.3.6.1.4.1.5923.1.5.1.1',
} as const;
const MAPPING = [
  { attribute: 'username', expression: 'userName' },
  { attribute: 'mail', expression: 'emails' },
  { attribute: 'displayName', expression: 'displayName' },
  { attribute: 'sn', expression: 'name.familyName' },
];
const GROUP_MAPPING = [{ attribute: 'name', expression: 'displayName' }];
const NAMES = ['kit', 'kitty', 'stranger'];

/** Where the target keeps its users, and where SimpleSAMLphp finds them and their passwords. */
interface Place {
  readonly database: object;
  options(folder: string): Pick<SimpleSamlPhpOptions, 'filter' | 'login' | 'users'>;
  prepare(folder: string): Promise<void>;
}

const SQLITE: Place = {
  database: { kind: 'sqlite', file: 'saml.db' },
  options: (folder) => {
    const dsn = `sqlite:${path.join(folder, 'saml.db')}`;
    return { login: { dsn }, filter: { store: { dsn }, by: 'userName' } };
  },
  prepare: async (folder) => {
    const query = sqliteQuery(path.join(folder, 'saml.db'));
    await query('CREATE TABLE saml_password (username PRIMARY KEY, password)');
    for (const name of NAMES) await query('INSERT INTO saml_password VALUES (?, ?)', [name, 'pw']);
  },
};

const JSON_FILES: Place = {
  database: { kind: 'json', folder: 'saml' },
  options: (folder) => ({
    users: Object.fromEntries(NAMES.map((name) => [`${name}:pw`, { uid: [name] }])),
    filter: { store: { folder: path.join(folder, 'saml') }, by: 'userName' },
  }),
  prepare: async () => undefined,
};

describeWith([SIMPLESAMLPHP, PHP], 'users that a SCIM client provisions', () => {
  describe.each([
    ['an SQLite file', SQLITE],
    ['JSON files', JSON_FILES],
  ])('log in at a real SimpleSAMLphp on %s', (_where, place) => {
    let usher: Usher;
    let idp: SimpleSamlPhp;
    let wiki: ServiceProvider;
    let token: string;
    let userId: string;
    let groupId: string;
    let nameId: string;

    const scim = (method: string, resource: string, body?: unknown) =>
      usher.scim(method, resource, body, token);
    const change = async (...operations: readonly object[]): Promise<void> => {
      expect((await scim('PATCH', `/Users/${userId}`, patch(...operations))).status).toBe(200);
    };
    /** Logs in anew until a login is such. */
    const login = async (what: string, isSuch: (login: Login) => boolean, name = 'kit') => {
      let last: Login | undefined;
      await until(
        what,
        async () => isSuch((last = await wiki.login(name, 'pw'))),
        20_000,
        100,
      ).catch((error: Error) => {
        throw new Error(`${error.message}; the last login: ${JSON.stringify(last)}\n${usher.log}`);
      });
      if (!last) throw new Error('nobody logged in');
      return last;
    };
    const denied = (what: string, name?: string) => login(what, (one) => !one.accepted, name);
    const accepted = async (
      what: string,
      isSuch: (attributes: Readonly<Record<string, readonly string[]>>) => boolean = () => true,
      name?: string,
    ) => {
      const one = await login(what, (some) => some.accepted && isSuch(some.attributes), name);
      if (!one.accepted) throw new Error(one.reason);
      return one;
    };

    beforeAll(async () => {
      usher = await Usher.start({ QUICKSTART: 'off' });
      idp = await startSimpleSamlPhp({
        serviceProviders: [WIKI],
        ...place.options(usher.dataDir),
      });
      wiki = new ServiceProvider(WIKI.entityId, WIKI.consumerUrl, idp);
      const targetId = await usher.createTarget('SimpleSAMLphp', 'saml', {
        database: place.database,
        idpEntityId: idp.entityId,
      });
      const { targetTest } = await usher.graphql(
        `mutation ($id: ID!) { targetTest(id: $id) { steps { name state message } } }`,
        { id: targetId },
      );
      expect(targetTest.steps.map((step: { state: string }) => step.state)).not.toContain('FAILED');
      const rule = { targetId, mapping: MAPPING, groupMapping: GROUP_MAPPING };
      token = (await usher.createRule('Entra', [rule])).token;
      await place.prepare(usher.dataDir);
    });
    afterAll(async () => {
      await idp.stop();
      await usher.stop();
    });

    it('come in with what the POST says, in every character', async () => {
      expect((await wiki.login('kit', 'pw')).accepted).toBe(false);
      const created = await scim(
        'POST',
        '/Users',
        entraUser('kit', {
          displayName: 'Kit <&>"É" \'漢字😀',
          emails: [
            { type: 'work', value: 'kit@northmill.example', primary: true },
            { type: 'home', value: 'kit@home.example' },
          ],
        }),
      );
      expect(created.status).toBe(201);
      userId = created.body.id;
      const one = await accepted('the login');
      expect(one.attributes).toEqual({
        [OID.mail]: ['kit@home.example', 'kit@northmill.example'],
        [OID.displayName]: ['Kit <&>"É" \'漢字😀'],
        [OID.sn]: ['kit'],
      });
      expect(one.format).toBe('urn:oasis:names:tc:SAML:2.0:nameid-format:persistent');
      nameId = one.nameId;
      expect(nameId).toMatch(/^_[0-9a-f]{40}$/);
    });

    it('stay out with a wrong password, and when nobody provisions them', async () => {
      expect((await wiki.login('kit', 'wrong')).accepted).toBe(false);
      expect((await wiki.login('stranger', 'pw')).accepted).toBe(false);
    });

    it('carry their groups, which are renamed and left', async () => {
      const created = await scim('POST', '/Groups', entraGroup('vpn & "users"'));
      expect(created.status).toBe(201);
      groupId = created.body.id;
      const group = (...operations: readonly object[]) =>
        scim('PATCH', `/Groups/${groupId}`, patch(...operations));
      await group({ op: 'Add', path: 'members', value: [{ value: userId }] });
      await accepted('the group', (all) => all[OID.isMemberOf]?.[0] === 'vpn & "users"');
      await group({ op: 'Replace', path: 'displayName', value: 'vpn É' });
      await accepted('its new name', (all) => all[OID.isMemberOf]?.[0] === 'vpn É');
      await group({ op: 'Remove', path: 'members', value: [{ value: userId }] });
      await accepted('no group', (all) => all[OID.isMemberOf] === undefined);
      await group({ op: 'Add', path: 'members', value: [{ value: userId }] });
      await accepted('the group again', (all) => all[OID.isMemberOf]?.length === 1);
    });

    it('stay out while active is false, also with an open session', async () => {
      const browser = new Map<string, string>();
      expect((await wiki.login('kit', 'pw', browser)).accepted).toBe(true);
      await change({ op: 'Replace', path: 'active', value: 'False' });
      await denied('the denial');
      expect(await wiki.login('kit', 'pw', browser)).toEqual({
        accepted: false,
        reason: 'SAML provider returned Responder error: account disabled',
      });
      await change({ op: 'replace', value: { active: true } });
      const one = await accepted('the login');
      expect({ nameId: one.nameId, groups: one.attributes[OID.isMemberOf] }).toEqual({
        nameId,
        groups: ['vpn É'],
      });
    });

    it('show a changed e-mail, and lose what is taken away', async () => {
      await change(
        { op: 'Replace', path: 'emails[type eq "work"].value', value: 'new@northmill.example' },
        { op: 'Remove', path: 'emails[type eq "home"]' },
        { op: 'Remove', path: 'displayName' },
      );
      const { attributes } = await accepted(
        'the new address',
        (all) => all[OID.mail]?.join(' ') === 'new@northmill.example',
      );
      expect(attributes[OID.displayName]).toBeUndefined();
    });

    it('keep NameID and groups under a new user name, and the old one is gone', async () => {
      await change({ op: 'Replace', path: 'userName', value: 'kitty' });
      const one = await accepted('the new name', undefined, 'kitty');
      expect(one).toMatchObject({ nameId, attributes: { [OID.isMemberOf]: ['vpn É'] } });
      expect((await wiki.login('kit', 'pw')).accepted).toBe(false);
    });

    it('keep all that after a kill of Usher, which goes on', async () => {
      await usher.kill();
      expect((await accepted('the login', undefined, 'kitty')).nameId).toBe(nameId);
      await usher.boot();
      await change({ op: 'Replace', path: 'name.familyName', value: 'Marlow' });
      await accepted('the change', (all) => all[OID.sn]?.[0] === 'Marlow', 'kitty');
    });

    it('stay out once they are deleted, and whoever gets the name is somebody else', async () => {
      expect((await scim('DELETE', `/Users/${userId}`)).status).toBe(204);
      await denied('the denial', 'kitty');
      expect((await scim('POST', '/Users', entraUser('kitty'))).status).toBe(201);
      const one = await accepted('the login', undefined, 'kitty');
      expect(one.nameId).not.toBe(nameId);
      expect(one.attributes[OID.isMemberOf]).toBeUndefined();
    });
  });
});
