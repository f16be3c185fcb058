import { ldap } from '../../../connectors/ldap';
import { serverAddress } from '../../../connectors/ldap/settings';
import { SettingsError } from '../../../connectors/spi';

const minimal = {
  url: 'ldaps://directory.example.com',
  bindDN: 'cn=usher,dc=example,dc=com',
  userBaseDN: 'ou=people,dc=example,dc=com',
  groupBaseDN: 'ou=groups,dc=example,dc=com',
};
const secrets = { bindPassword: 'secret' };

function issues(settings: object, given: unknown = secrets): string[] {
  try {
    ldap.parse({ ...minimal, ...settings }, given);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError);
    return (error as SettingsError).issues.map((one) => `${one.path.join('.')}: ${one.message}`);
  }
}

describe('settings', () => {
  it('are completed', () => {
    expect(ldap.parse(minimal, secrets).settings).toMatchObject({
      startTls: false,
      userRdnAttribute: 'uid',
      groupRdnAttribute: 'cn',
      memberAttribute: 'member',
      activation: 'auto',
      connections: 4,
      window: 4,
    });
  });

  it('leave no way to switch the check of certificates off', () => {
    const { properties } = ldap.settingsSchema as { properties: Record<string, unknown> };
    expect(Object.keys(properties).join()).not.toMatch(/reject|insecure|verify/i);
    expect(issues({ tlsRejectUnauthorized: false })).toEqual([
      'settings.tlsRejectUnauthorized: is not a setting of this connector',
    ]);
  });

  it.each([
    ['http://x', 'must begin with ldap:// or ldaps://'],
    ['ldapi://%2fvar', 'must begin with'],
    ['ldaps://', 'names no host'],
    ['ldaps://x/dc=example', 'must hold nothing but the host and the port'],
    ['ldaps://user:pw@x', 'must hold nothing but the host and the port'],
    ['ldaps://x?sub', 'must hold nothing but the host and the port'],
    ['x', ''],
  ])('refuse the url %s', (url, message) => {
    expect(issues({ url })).toEqual([expect.stringContaining(`settings.url: ${message}`)]);
  });

  it.each([
    ['ldap://x', true, 'x', 389, 'startTls'],
    ['ldap://127.0.0.1:3890', false, '127.0.0.1', 3890, 'none'],
    ['ldaps://[::1]', false, '::1', 636, 'implicit'],
    ['ldaps://x:1636/', false, 'x', 1636, 'implicit'],
  ])('take %s apart', (url, startTls, host, port, encryption) => {
    expect(serverAddress({ url, startTls })).toEqual({ host, port, encryption });
  });

  it('send no password in clear text to another machine', () => {
    expect(issues({ url: 'ldap://x' })).toEqual([expect.stringContaining('clear text')]);
    expect(issues({ url: 'ldap://127.evil.example' })).toHaveLength(1);
    expect(issues({ url: 'ldap://x', startTls: true })).toEqual([]);
    expect(issues({ url: 'ldap://x', allowPlaintext: true })).toEqual([]);
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      expect(issues({ url: `ldap://${host}` })).toEqual([]);
    }
  });

  it('know StartTLS for ldap:// only', () => {
    expect(issues({ startTls: true })).toEqual([expect.stringContaining('settings.startTls: ')]);
  });

  it.each([
    [{ userBaseDN: 'people' }, 'settings.userBaseDN'],
    [{ groupBaseDN: '' }, 'settings.groupBaseDN'],
    [{ emptyGroupMember: 'nobody' }, 'settings.emptyGroupMember'],
    [{ userRdnAttribute: 'u id' }, 'settings.userRdnAttribute'],
    [{ userObjectClasses: [] }, 'settings.userObjectClasses'],
    [{ memberAttribute: 'memberUid' }, 'settings.memberAttribute'],
    [{ caCertificate: 'PEM' }, 'settings.caCertificate'],
    [{ connections: 0 }, 'settings.connections'],
    [{ activation: 'maybe' }, 'settings.activation'],
  ])('refuse %j', (wrong, path) => {
    expect(issues(wrong)).toEqual([expect.stringMatching(`^${path}: `)]);
  });

  it.each([
    [{ failoverUrls: ['ldap://x'] }, 'settings.failoverUrls.0'],
    [{ failoverUrls: ['http://x'] }, 'settings.failoverUrls.0'],
    [{ failoverUrls: [minimal.url] }, 'settings.failoverUrls.0'],
    [{ url: 'ldap://x', startTls: true, failoverUrls: ['ldaps://y'] }, 'settings.startTls'],
    [{ activation: 'attribute', disabledValue: 'x' }, 'settings.activationAttribute'],
    [{ activation: 'attribute', activationAttribute: 'x' }, 'settings.disabledValue'],
    [{ disabledValue: 'x' }, 'settings.disabledValue'],
    [
      {
        ...{ activation: 'attribute', activationAttribute: 'employeeType' },
        ...{ disabledValue: 'x', enabledValue: 'X' },
      },
      'settings.enabledValue',
    ],
    [
      { activation: 'attribute', activationAttribute: 'UID', disabledValue: 'x' },
      'settings.activationAttribute',
    ],
    [{ activation: 'container' }, 'settings.disabledContainerDN'],
    [{ disabledContainerDN: `ou=x,${minimal.userBaseDN}` }, 'settings.disabledContainerDN'],
    [
      { activation: 'container', disabledContainerDN: 'ou=x,dc=example,dc=com' },
      'settings.disabledContainerDN',
    ],
    [
      { activation: 'container', disabledContainerDN: minimal.userBaseDN },
      'settings.disabledContainerDN',
    ],
    [{ userExtraAttributes: { UID: ['x'] } }, 'settings.userExtraAttributes.UID'],
    [{ groupExtraAttributes: { member: ['x'] } }, 'settings.groupExtraAttributes.member'],
    [{ userExtraAttributes: { description: [] } }, 'settings.userExtraAttributes.description'],
    [
      { memberAttribute: 'memberUid', groupObjectClasses: ['posixGroup', 'groupOfNames'] },
      'settings.memberAttribute',
    ],
    [
      {
        ...{ memberAttribute: 'memberUid', groupObjectClasses: ['posixGroup'] },
        userRdnAttribute: 'cn',
      },
      'settings.memberAttribute',
    ],
    [
      {
        ...{ memberAttribute: 'memberUid', groupObjectClasses: ['posixGroup'] },
        emptyGroupMember: 'cn=x',
      },
      'settings.emptyGroupMember',
    ],
    [{ memberAttribute: 'uniqueMember' }, 'settings.memberAttribute'],
  ])('refuse the contradiction %j', (wrong, path) => {
    expect(issues(wrong)).toEqual([expect.stringContaining(`${path}: `)]);
  });

  it('name every issue at once, and no secret', () => {
    expect(issues({ url: 7, bindDN: 'x' }, { bindPassword: '' })).toEqual([
      expect.stringContaining('settings.url'),
      expect.stringContaining('settings.bindDN'),
      expect.stringContaining('secrets.bindPassword'),
    ]);
    expect(issues({}, { password: 'hush hush' }).join()).not.toContain('hush');
  });
});

describe('the default mapping', () => {
  it('names users by userName and groups by displayName, whatever the attribute', () => {
    const { settings } = ldap.parse(
      { ...minimal, userRdnAttribute: 'cn', groupRdnAttribute: 'ou' },
      secrets,
    );
    const { user, group } = ldap.defaultMapping(settings);
    expect(user.filter((one) => one.attribute === 'cn')).toEqual([
      { attribute: 'cn', expression: 'profile.userName' },
    ]);
    expect(group[0]).toEqual({ attribute: 'ou', expression: 'displayName' });
  });

  it('leaves the attribute of the owner mark alone', () => {
    const { settings } = ldap.parse({ ...minimal, ownerAttribute: 'EmployeeNumber' }, secrets);
    const attributes = ldap.defaultMapping(settings).user.map((one) => one.attribute);
    expect(attributes).not.toContain('employeeNumber');
    expect(attributes).toContain('mail');
  });
});
