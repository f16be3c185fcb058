/** SAML targets judged by whoever asks them: real logins at SimpleSAMLphp with the files we ship. */
import type { Attributes, Connector, Written } from '../../connectors/spi';
import { describeWith } from '../support/daemon';
import { type Login, ServiceProvider } from '../support/saml-login';
import { onEveryStore, openSaml, type SamlStore } from '../support/saml-target';
import {
  PHP,
  SIMPLESAMLPHP,
  type SimpleSamlPhp,
  startSimpleSamlPhp,
} from '../support/simplesamlphp';
import { call } from './connector.contract';

const WIKI = { entityId: 'https://wiki.test/sp', consumerUrl: 'https://wiki.test/acs' };
const MAIL = { entityId: 'https://mail.test/sp', consumerUrl: 'https://mail.test/acs' };
const OID = {
  mail: 'urn:oid:0.9.2342.19200300.100.1.3',
  displayName: 'urn:oid:2.16.840.1.113730.3.1.241',
  isMemberOf: 'urn:oid:1.3.6.1.4.1.5923.1.5.1.1',
} as const;

/** What an attribute of an accepted login is; anything else fails the test. */
function accepted(login: Login): Extract<Login, { accepted: true }> {
  if (!login.accepted) throw new Error(`denied: ${login.reason}`);
  return login;
}

function instant(millisecondsFromNow: number): string {
  return `${new Date(Date.now() + millisecondsFromNow).toISOString().slice(0, 19)}Z`;
}

/** Users the connector makes for these tests. */
class People {
  constructor(readonly connector: Connector) {}

  user(name: string, more: Attributes = {}, active = true): Promise<Written> {
    const attributes = { username: [name], ...more };
    return this.connector.create('user', { attributes, active }, `owner-${name}`, call());
  }

  async group(name: string, members: readonly Written[]): Promise<void> {
    const attributes = { name: [name] };
    const group = await this.connector.create('group', { attributes, active: true }, 'g', call());
    await this.connector.members(group, { add: members, remove: [] }, call());
  }

  change(who: Written, attribute: string, ...replace: string[]): Promise<Written> {
    return this.connector.update('user', who, [{ attribute, replace }], call());
  }

  active(who: Written, active: boolean): Promise<Written> {
    return this.connector.setActive('user', who, active, call());
  }
}

describeWith([SIMPLESAMLPHP, PHP], 'users that log in at SimpleSAMLphp', () => {
  onEveryStore((where) => {
    let idp: SimpleSamlPhp;
    let wiki: ServiceProvider;
    let people: People;
    let alice: Written;
    const login = (name: string, password = 'pw') => wiki.login(name, password);

    beforeAll(async () => {
      const store: SamlStore = where();
      // The identity provider asks for its own users, so its entity ID is that of the target.
      idp = await startSimpleSamlPhp({
        serviceProviders: [WIKI, MAIL],
        filter: { store: store.php, by: 'userName', roleAttribute: 'urn:example:role' },
        ...store.passwords(['alice', 'rosa', 'stranger', 'late', "o'brien; --"]),
      });
      const { database, secrets } = store;
      const settings = { database, idpEntityId: idp.entityId, serviceProviders: [MAIL.entityId] };
      people = new People(openSaml(settings, secrets));
      await people.connector.read('user', { reference: 'x', name: 'x' }, call());
      await store.prepare();
      wiki = new ServiceProvider(WIKI.entityId, WIKI.consumerUrl, idp);
      alice = await people.user('alice', {
        nameId: ['p-7f3a9c'],
        mail: ['a1@example.test', 'a2@example.test'],
        displayName: ['Alice <&> "É" \'漢字😀'],
        role: ['sponsor'],
      });
      await people.group('vpn & "users"', [alice]);
      await people.group('staff', [alice]);
    });
    afterAll(async () => {
      await people.connector.close();
      await idp.stop();
    });

    it('come in with what is provisioned', async () => {
      const { nameId, format, attributes } = accepted(await login('alice'));
      expect({ nameId, format }).toEqual({
        nameId: 'p-7f3a9c',
        format: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
      });
      expect(attributes).toEqual({
        [OID.mail]: ['a1@example.test', 'a2@example.test'],
        [OID.displayName]: ['Alice <&> "É" \'漢字😀'],
        [OID.isMemberOf]: ['staff', 'vpn & "users"'],
        'urn:example:role': ['sponsor'],
      });
    });

    it('have another name at another service provider', async () => {
      const mail = new ServiceProvider(MAIL.entityId, MAIL.consumerUrl, idp);
      const { nameId } = accepted(await mail.login('alice', 'pw'));
      expect(nameId).toMatch(/^[0-9a-f]{40}$/);
      const entry = await people.connector.read('user', alice, call());
      expect(entry?.attributes[`nameId:${MAIL.entityId}`]).toEqual([nameId]);
    });

    it('cannot be impersonated by changing a response, or by using it twice', async () => {
      const answer = await wiki.respond('alice', 'pw');
      if ('reason' in answer) throw new Error(answer.reason);
      const xml = Buffer.from(answer.response, 'base64').toString();
      const changed = Buffer.from(xml.replace('p-7f3a9c', 'p-admin0')).toString('base64');
      expect(await wiki.accept(changed)).toEqual({
        accepted: false,
        reason: 'Invalid document signature',
      });
      const again = await wiki.respond('alice', 'pw');
      if ('reason' in again) throw new Error(again.reason);
      expect((await wiki.accept(again.response)).accepted).toBe(true);
      expect((await wiki.accept(again.response)).accepted).toBe(false);
    });

    it('stay out with a wrong password, and when they are not provisioned', async () => {
      expect(await login('alice', 'wrong')).toMatchObject({
        accepted: false,
        reason: expect.stringContaining('Incorrect username or password'),
      });
      expect((await login('stranger')).accepted).toBe(false);
      expect((await login("' OR 1=1 --")).accepted).toBe(false);
    });

    it('may have a name that is nasty in SQL', async () => {
      await people.user("o'brien; --", { mail: ['o@x.test'] });
      expect(accepted(await login("o'brien; --")).attributes).toEqual({ [OID.mail]: ['o@x.test'] });
    });

    it('stay out while they are disabled, also with an open session, and come in again', async () => {
      const rosa = await people.user('rosa');
      const browser = new Map<string, string>();
      accepted(await wiki.login('rosa', 'pw', browser));
      accepted(await wiki.login('rosa', 'no password is asked for', browser));
      await people.active(rosa, false);
      expect((await login('rosa')).accepted).toBe(false);
      expect(await wiki.login('rosa', 'pw', browser)).toEqual({
        accepted: false,
        reason: 'SAML provider returned Responder error: account disabled',
      });
      await people.active(rosa, true);
      accepted(await login('rosa'));
      await people.connector.remove('user', rosa, call());
      expect((await wiki.login('rosa', 'pw', browser)).accepted).toBe(false);
      expect((await login('rosa')).accepted).toBe(false);
    });

    it('stay out from the moment they expire, and no session outlasts it', async () => {
      const end = instant(3_600_000);
      const late = await people.user('late', { notOnOrAfter: [end] });
      const { xml } = accepted(await login('late'));
      expect(/SessionNotOnOrAfter="([^"]+)"/.exec(xml)?.[1]).toBe(end);
      await people.change(late, 'notOnOrAfter', instant(-1_000));
      expect((await login('late')).accepted).toBe(false);
      await people.change(late, 'notOnOrAfter');
      accepted(await login('late'));
    });

    it('show changes at the next login', async () => {
      await people.change(alice, 'mail', 'new@example.test');
      await people.change(alice, 'displayName');
      const { attributes } = accepted(await login('alice'));
      expect(attributes[OID.mail]).toEqual(['new@example.test']);
      expect(attributes[OID.displayName]).toBeUndefined();
    });
  });
});

describeWith([SIMPLESAMLPHP, PHP], 'users that come through a bridge', () => {
  onEveryStore((where) => {
    let upstream: SimpleSamlPhp;
    let people: People;
    const bridges: SimpleSamlPhp[] = [];
    const bridge = async (by: string): Promise<ServiceProvider> => {
      const one = await startSimpleSamlPhp({
        serviceProviders: [WIKI],
        filter: { store: where().php, by },
        upstream,
      });
      bridges.push(one);
      return new ServiceProvider(WIKI.entityId, WIKI.consumerUrl, one);
    };

    beforeAll(async () => {
      const person = (name: string) => ({ uid: [`up-${name}`], [OID.mail]: [`${name}@up.test`] });
      const names = ['alice', 'bob', 'eve', 'late', 'kit', 'off'];
      upstream = await startSimpleSamlPhp({
        serviceProviders: [],
        users: Object.fromEntries(names.map((name) => [`${name}:pw`, person(name)])),
        nameIdAttribute: 'uid',
      });
      const { database, secrets } = where();
      people = new People(openSaml({ database, idpEntityId: upstream.entityId }, secrets));
      await people.user('alice.gw', { nameId: ['up-alice'], mail: ['alice@gateway.test'] });
    });
    afterAll(async () => {
      await people.connector.close();
      await Promise.all([...bridges, upstream].map((one) => one.stop()));
    });

    it('are known by issuer and NameID, and get what is provisioned', async () => {
      const wiki = await bridge('nameId');
      const bob = await people.user('bob.gw', { nameId: ['up-bob'] }, false);
      await people.user('late.gw', { nameId: ['up-late'], notOnOrAfter: ['2020-01-01T00:00:00Z'] });
      expect(accepted(await wiki.login('alice', 'pw')).attributes).toEqual({
        [OID.mail]: ['alice@gateway.test'],
      });
      const reason = async (name: string) => {
        const login = await wiki.login(name, 'pw');
        return login.accepted ? 'accepted' : login.reason;
      };
      expect(await reason('bob')).toBe('SAML provider returned Responder error: account disabled');
      expect(await reason('late')).toBe('SAML provider returned Responder error: account expired');
      expect(await reason('eve')).toBe(
        'SAML provider returned Responder error: account not provisioned',
      );
      expect((await wiki.login('alice', 'wrong')).accepted).toBe(false);
      await people.active(bob, true);
      expect(await reason('bob')).toBe('accepted');
    });

    it('are known by an attribute where that is agreed, and by nothing else', async () => {
      const wiki = await bridge(OID.mail);
      const { database, secrets } = where();
      const settings = { database, idpEntityId: upstream.entityId, matchAttribute: 'mail' };
      const matched = new People(openSaml(settings, secrets));
      const kit = await matched.user('kit.gw', { matchValue: ['kit@up.test'], nameId: ['up-off'] });
      accepted(await wiki.login('kit', 'pw'));
      // Whoever is known by NameID is not known by the attribute, and the other way round.
      expect((await wiki.login('alice', 'pw')).accepted).toBe(false);
      const byNameId = await bridge('nameId');
      expect((await byNameId.login('off', 'pw')).accepted).toBe(false);
      await matched.change(kit, 'matchValue', 'other@up.test');
      expect((await wiki.login('kit', 'pw')).accepted).toBe(false);
      await matched.connector.close();
    });
  });
});
