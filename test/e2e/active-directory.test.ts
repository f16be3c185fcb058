import { describeWith, until } from '../support/daemon';
import { type Samba, SAMBA, startSamba } from '../support/samba';
import { Usher } from '../support/usher';
import { patch } from '../support/wire';

const PATIENCE_MS = 20_000;

describeWith(SAMBA, 'users and groups in Active Directory, with the default mapping', () => {
  let domain: Samba;
  let usher: Usher;
  let token: string;
  let userId: string;
  let groupId: string;

  const scim = (method: string, resource: string, body?: unknown) =>
    usher.scim(method, resource, body, token);
  const find = async (filter: string) =>
    (await domain.search(filter, ['*'])).find((one) => !one.dn.includes('CN=Users'));
  const soon = (what: string, condition: () => Promise<boolean>) =>
    until(what, condition, PATIENCE_MS, 100);

  beforeAll(async () => {
    [domain, usher] = await Promise.all([startSamba(), Usher.start({ QUICKSTART: 'off' })]);
    const { url, ca: caCertificate, bindDN, bindPassword, userBaseDN, groupBaseDN } = domain;
    const settings = { vendor: 'ad', url, caCertificate, bindDN, userBaseDN, groupBaseDN };
    const secrets = { bindPassword };
    const target = await usher.createTarget('Domain', 'ldap', settings, secrets);
    token = (await usher.createRule('Entra', [{ targetId: target }])).token;
  }, 120_000);

  afterAll(async () => {
    await usher.stop();
    await domain.stop();
  });

  it('arrive', async () => {
    const user = await scim('POST', '/Users', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: 'ada@example.com',
      name: { givenName: 'Ada', familyName: 'Lovelace' },
      active: true,
    });
    expect(user.status).toBe(201);
    userId = user.body.id;
    await soon('the account', async () => (await find('(sAMAccountName=ada)')) !== undefined);
    expect((await find('(sAMAccountName=ada)'))?.attributes).toMatchObject({
      cn: ['ada@example.com'],
      userPrincipalName: ['ada@example.com'],
      displayName: ['Ada Lovelace'],
      sn: ['Lovelace'],
      userAccountControl: ['512'],
    });
    const group = await scim('POST', '/Groups', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
      displayName: 'Engineers',
      members: [{ value: userId }],
    });
    expect(group.status).toBe(201);
    groupId = group.body.id;
    const member = `CN=ada@example.com,${domain.userBaseDN}`;
    await soon('the member', async () => {
      const members = (await find('(sAMAccountName=Engineers)'))?.attributes['member'];
      return members?.join() === member;
    });
    expect((await find('(sAMAccountName=Engineers)'))?.attributes['groupType']).toEqual([
      '-2147483646',
    ]);
  });

  it('are disabled and renamed, and stay the same accounts and members', async () => {
    const before = await find('(sAMAccountName=ada)');
    const changes = [
      { op: 'replace', path: 'active', value: false },
      { op: 'replace', path: 'userName', value: 'countess@example.com' },
    ];
    expect((await scim('PATCH', `/Users/${userId}`, patch(...changes))).status).toBe(200);
    await soon('the new name, disabled', async () => {
      const entry = await find('(sAMAccountName=countess)');
      return entry?.attributes['userAccountControl']?.[0] === '514';
    });
    const after = await find('(sAMAccountName=countess)');
    expect(after?.attributes['objectGUID']).toEqual(before?.attributes['objectGUID']);
    expect(after?.dn).toBe(`CN=countess@example.com,${domain.userBaseDN}`);
    expect((await find('(sAMAccountName=Engineers)'))?.attributes['member']).toEqual([after?.dn]);
  });

  it('with a name the domain cannot hold are parked with the reason, and nothing is made', async () => {
    const long = 'a-name-of-more-than-twenty-characters@example.com';
    const body = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: long };
    expect((await scim('POST', '/Users', body)).status).toBe(201);
    interface Binding {
      readonly state: string;
      readonly lastError?: { readonly message: string };
    }
    const binding = async (): Promise<Binding | undefined> => {
      const { bindings } = await usher.graphql(
        '{ bindings(first: 5, states: [PARKED]) { nodes { state lastError { message } } } }',
      );
      return (bindings.nodes as Binding[])[0];
    };
    await soon('the parked binding', async () => (await binding())?.state === 'PARKED');
    expect((await binding())?.lastError?.message).toContain('sAMAccountName');
    expect(await find('(cn=a-name-of-more*)')).toBeUndefined();
  });

  it('leave', async () => {
    expect((await scim('DELETE', `/Users/${userId}`)).status).toBe(204);
    expect((await scim('DELETE', `/Groups/${groupId}`)).status).toBe(204);
    await soon('nobody to be there', async () => {
      const left = [
        await find('(sAMAccountName=countess)'),
        await find('(sAMAccountName=Engineers)'),
      ];
      return left.every((one) => one === undefined);
    });
  });
});
