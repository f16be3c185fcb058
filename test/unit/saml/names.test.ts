import { saml } from '../../../connectors/saml/index';
import { checkAttribute, checkValue, mappingName, samlName } from '../../../connectors/saml/names';
import { plan } from '../../../connectors/saml/plan';
import { ConnectorError } from '../../../connectors/spi';

describe('SAML names', () => {
  it.each(['mail', 'sn', 'custom', 'urn:example:x'])('%s is found again', (name) => {
    expect(mappingName(samlName(name).name)).toBe(name);
  });

  it.each([
    'isMemberOf',
    'urn:oid:2.5.4.4',
    '',
    'constructor',
    '__proto__',
    'a b',
    'x'.repeat(257),
  ])('%j is refused', (name) => {
    expect(() => checkAttribute('user', name)).toThrow(ConnectorError);
  });

  it('refuses values an assertion cannot carry', () => {
    for (const value of ['\u0000', '\u000b', '\ufffe', '\udc00']) {
      expect(() => checkValue('mail', value)).toThrow('XML');
    }
    expect(() => checkValue('mail', 'line\nfeed\tand 😀')).not.toThrow();
    expect(() => checkValue('username', 'line\nfeed')).toThrow('control');
  });
});

describe('the default mapping', () => {
  const mapped = (nameIdFormat: string): (string | undefined)[] => {
    const database = { kind: 'sqlite', file: 'x' };
    const { settings } = saml.parse({ idpEntityId: 'i', database, nameIdFormat }, {});
    return saml
      .defaultMapping(settings)
      .user.filter((line) => line.attribute === 'nameId')
      .map((line) => line.apply);
  };

  it('maps a NameID once, and only when it is not made at random', () => {
    expect(mapped('persistent')).toEqual([]);
    expect(mapped('emailAddress')).toEqual(['INITIAL']);
  });
});

describe('plan', () => {
  const current = {
    reference: 'r',
    name: 'alice',
    active: true,
    attributes: { username: ['alice'], nameId: ['p'], mail: ['a', 'b'] },
  };

  const { settings } = saml.parse(
    { idpEntityId: 'i', database: { kind: 'sqlite', file: 'x' }, serviceProviders: ['https://sp'] },
    {},
  );

  it('shows columns and values', () => {
    const attributes = { username: ["al'ice"], mail: ['b', 'c'] };
    const changes = plan('user', current, { attributes, active: false }, settings);
    expect(changes.map((one) => `${one.operation} ${one.object} ${one.detail}`)).toEqual([
      "UPDATE saml_user SET active = 0, username = 'al''ice' WHERE username = 'alice'",
      "DELETE saml_attribute (mail) value = 'a' WHERE username = 'alice'",
      "INSERT saml_attribute (mail) VALUES ('alice', 'urn:oid:0.9.2342.19200300.100.1.3', 'c')",
    ]);
  });

  it('shows what a group rename does to its members', () => {
    const group = { reference: 'g', name: 'old', active: true, attributes: { name: ['old'] } };
    const changes = plan('group', group, { attributes: { name: ['new'] }, active: true }, settings);
    expect(changes.map((one) => one.object)).toEqual(['saml_group', 'saml_attribute']);
    expect(plan('group', group, { attributes: { name: ['old'] }, active: true }, settings)).toEqual(
      [],
    );
  });
});
