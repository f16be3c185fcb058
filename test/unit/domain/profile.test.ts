/** A user as its rule has it, and as mappings see it. */
import { readAuthorities } from '../../../src/domain/certificate-authority';
import { checkMapping, compileMapping, evaluateMapping } from '../../../src/domain/mapping';
import { isEmail, suits } from '../../../src/domain/otp';
import { PROFILE_URN, Profiles, schemaForMappings } from '../../../src/domain/profile';
import { PROFILE_SCHEMA } from '../../../src/domain/profile/schema';
import { type Resource, type ScimObject } from '../../../src/domain/resource';
import { extendedTable } from '../../../src/domain/extended-table';
import { checkDefinitions } from '../../../src/domain/definitions';
import { standardSchemas } from '../../../src/domain/standard-schemas';
import { RULE_DEFAULTS, type SyncRule } from '../../../src/domain/sync-rule';
import { authorityPem, leafPem } from '../../support/certificates';
import { mappingUser, userSchema } from './mapping-user';

const at = new Date();
const mappable = schemaForMappings(userSchema);
const profiles = new Profiles(
  () => standardSchemas,
  (id) => `https://usher.example/logos/${id}`,
);

function rule(values: Partial<SyncRule> = {}): SyncRule {
  const dates = { createdAt: at, updatedAt: at };
  return {
    ...RULE_DEFAULTS,
    id: 'r',
    name: 'r',
    enabled: true,
    syncAs: [],
    version: 1,
    ...dates,
    ...values,
  };
}

function map(
  expression: string,
  attributes: ScimObject,
  values: Partial<SyncRule> = {},
  more: Partial<Resource> = {},
): readonly string[] {
  const mapping = compileMapping([{ attribute: 'a', expression }], mappable);
  const user = { ...mappingUser(attributes), ...more };
  return (
    evaluateMapping(mapping, profiles.forMappings(user, rule(values))).authoritative['a'] ?? []
  );
}

const KIT: ScimObject = {
  userName: 'Kit@example.com',
  name: { givenName: 'Kit', familyName: 'Reed' },
  displayName: 'Kit Reed',
  title: 'Engineer',
  emails: [
    { type: 'home', value: 'home@example.com' },
    { type: 'work', value: 'kit@example.com' },
  ],
  phoneNumbers: [
    { type: 'work', value: '+1 555 0100' },
    { type: 'mobile', value: '+1 555 0199' },
  ],
  roles: [{ value: '{"id":"1","value":"auditor"}' }, { value: 'Backup' }],
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': {
    organization: 'Example',
    department: 'Research',
  },
};

describe('user attributes', () => {
  test.each([
    ['userName', 'Kit@example.com'],
    ['firstName', 'Kit'],
    ['lastName', 'Reed'],
    ['email', 'kit@example.com'],
    ['phone', '+1 555 0100'],
    ['mobile', '+1 555 0199'],
    ['displayName', 'Kit Reed'],
    ['company', 'Example'],
    ['department', 'Research'],
    ['title', 'Engineer'],
    ['active', 'true'],
  ])('profile.%s is what the requirements say', (name, expected) => {
    expect(map(`profile.${name}`, KIT)).toEqual([expected]);
  });

  test.each(['certificateCommonName', 'customField1', 'customField2', 'customField3'])(
    '%s is empty until the rule has an expression, under both of its names',
    (name) => {
      const userAttributes = { [name]: 'localPart(userName)' };
      for (const path of [name, `profile.${name}`]) {
        expect(map(path, KIT)).toEqual([]);
        expect(map(path, KIT, { userAttributes })).toEqual(['Kit']);
      }
    },
  );

  test('follow the rule, and others do not notice', () => {
    const userAttributes = { userName: 'lower(localPart(userName))', email: '' };
    expect(map('profile.userName', KIT, { userAttributes })).toEqual(['kit']);
    expect(map('profile.email', KIT, { userAttributes })).toEqual([]);
    expect(map('userName', KIT, { userAttributes })).toEqual(['Kit@example.com']);
    expect(map('profile.userName', KIT)).toEqual(['Kit@example.com']);
  });

  test('nobody is active against the identity provider', () => {
    const userAttributes = { active: 'not(eq(title, "Guest"))' };
    const active = (attributes: ScimObject, values = {}): boolean =>
      profiles.of(mappingUser(attributes), rule(values)).active;
    expect(active({})).toBe(true);
    expect(active({ active: false })).toBe(false);
    expect(active({ active: false }, { userAttributes: { active: 'true' } })).toBe(false);
    expect(active({ title: 'Guest', active: true }, { userAttributes })).toBe(false);
    expect(active({ title: 'Boss' }, { userAttributes })).toBe(true);
  });
});

describe('the values of a rule', () => {
  test('are off until they are switched on', () => {
    expect(map('fidoEnabled', KIT)).toEqual(['false']);
    expect(map('fidoEnabled', KIT, { fidoEnabled: true })).toEqual(['true']);
    expect(map('passwordRecovery', KIT)).toEqual(['false']);
    expect(map('passwordRecovery', KIT, { passwordRecovery: true })).toEqual(['true']);
    expect(map('passwordRecovery', { userName: 'x' }, { passwordRecovery: true })).toEqual([
      'false',
    ]);
    expect(map('tokenLogoUrl', KIT)).toEqual([]);
    expect(map('tokenLogoUrl', KIT, { tokenLogoId: 'l1' })).toEqual([
      'https://usher.example/logos/l1',
    ]);
  });

  test('serve as conditions', () => {
    expect(map('if(fidoEnabled, "yes", "no")', KIT)).toEqual(['no']);
    expect(map('if(profile.active, "yes", "no")', KIT)).toEqual(['yes']);
  });

  test('what was decided for the user stands there', () => {
    const otp = { method: 'FTC_MOBILE', tokenSerial: 'FTM1' } as const;
    expect(map('list(otpMethod, tokenSerial)', KIT, {}, { otp })).toEqual(['FTC_MOBILE', 'FTM1']);
    expect(map('otpMethod', KIT)).toEqual([]);
    expect(map('role', KIT, { roleForNewUsers: 'SPONSOR' })).toEqual(['USER']);
    expect(map('role', KIT, {}, { importRole: 'SPONSOR' })).toEqual(['SPONSOR']);
  });

  const roles: Partial<SyncRule> = {
    roleProvisioning: true,
    roleForNewUsers: 'SPONSOR',
    roleCatalogue: [
      { name: 'Backup', kind: 'CUSTOM', exclusive: false },
      { name: 'Auditor', kind: 'SYSTEM', exclusive: false },
    ],
  };

  test('roles are those of the catalogue, spelt as there, and SCIM keeps its own', () => {
    expect(map('role', KIT, roles)).toEqual(['Auditor']);
    expect(map('profile.roles', KIT, roles)).toEqual(['Auditor', 'Backup']);
    expect(map('roles', KIT, roles)).toEqual(['{"id":"1","value":"auditor"}', 'Backup']);
    expect(map('profile.roles', { userName: 'x' }, roles)).toEqual(['SPONSOR']);
    expect(map('profile.roles', { userName: 'x', roles: [{ value: 'backup' }] }, roles)).toEqual([
      'Backup',
    ]);
  });

  test('roles that do not fit stop what needs them, and nothing else', () => {
    const odd = { ...KIT, roles: [{ value: 'Wizard' }] };
    expect(() => map('role', odd, roles)).toThrow('"Wizard"');
    expect(map('otpMethod', odd, roles)).toEqual([]);
  });

  test('a name that SCIM has keeps its meaning; the URN always leads to the rule', () => {
    const urn = 'urn:example:scim:schemas:acme:1.0:User';
    const { definitions, issues } = checkDefinitions(standardSchemas, {
      schemas: [{ id: urn, attributes: [{ name: 'role' }, { name: 'customField1' }] }],
      resourceTypes: [],
      schemaExtensions: [{ resourceType: 'User', schema: urn, required: false }],
    });
    expect(issues).toEqual([]);
    const schema = schemaForMappings(extendedTable(standardSchemas, definitions).get('User')!);
    const own = new Profiles(() => extendedTable(standardSchemas, definitions), String);
    const user = mappingUser({ userName: 'kit', [urn]: { role: 'acme' } });
    const values = ['role', `${PROFILE_URN}:role`].map((expression) =>
      evaluateMapping(
        compileMapping([{ attribute: 'a', expression }], schema),
        own.forMappings(user, rule()),
      ),
    );
    expect(values.map(({ authoritative }) => authoritative['a'])).toEqual([['acme'], ['USER']]);
  });

  test('are checked like attributes of SCIM', () => {
    const issueOf = (expression: string): string | undefined =>
      checkMapping([{ attribute: 'a', expression }], mappable)[0]?.message;
    for (const { name } of PROFILE_SCHEMA.attributes) {
      if (name !== 'profile') expect(issueOf(name)).toBeUndefined();
    }
    expect(issueOf('lower(otpMetod)')).toContain('character 7');
    expect(issueOf('otpMetod')).toContain('did you mean otpMethod?');
    expect(issueOf('firstName')).toContain('did you mean profile.firstName?');
    expect(issueOf('profile')).toContain('expected one of its sub-attributes');
  });

  test('are of users only, and no rule may take their URN', () => {
    const groups = standardSchemas.get('Group')!;
    expect(schemaForMappings(groups)).toBe(groups);
    const { issues } = checkDefinitions(standardSchemas, {
      schemas: [{ id: PROFILE_URN, attributes: [{ name: 'x' }] }],
      resourceTypes: [],
      schemaExtensions: [{ resourceType: 'User', schema: PROFILE_URN, required: false }],
    });
    expect(issues).toMatchObject([{ path: ['schemas', '0', 'id'] }]);
  });
});

describe('one-time password methods', () => {
  const email = 'kit@example.com';
  const mobile = '+1 555 0199';
  const all = { email, mobile };
  const none = { email: undefined, mobile: undefined };
  test.each([
    ['EMAIL', { ...none, email }],
    ['FTC_EMAIL', { ...none, email }],
    ['SMS', { ...none, mobile }],
    ['FTC_SMS', { ...none, mobile }],
    ['DUAL', all],
  ] as const)('%s needs what it sends to', (method, needed) => {
    expect(suits(method, needed)).toBe(true);
    expect(suits(method, none)).toBe(false);
    for (const missing of ['email', 'mobile'] as const) {
      if (needed[missing] === undefined) continue;
      expect(suits(method, { ...all, [missing]: undefined })).toBe(false);
      expect(suits(method, { ...all, [missing]: 'nothing' })).toBe(false);
    }
  });

  test('NONE and FTC_DEFAULT suit everybody', () => {
    expect(suits('NONE', none)).toBe(true);
    expect(suits('FTC_DEFAULT', none)).toBe(true);
  });

  test.each([
    'kit',
    '@x',
    'kit@',
    'a b@x',
    'a@b c',
    'a@@b',
    `${'x'.repeat(250)}@b.example`,
    undefined,
  ])('%p is no address', (value) => {
    expect(isEmail(value)).toBe(false);
  });
});

describe('certification authorities', () => {
  test('are read from PEM, several at once', () => {
    const read = readAuthorities(`${authorityPem}\n\n${authorityPem}`, at);
    expect(read).toMatchObject({ authorities: [{ subject: 'CN=Usher test CA' }, {}] });
  });

  test.each([
    ['expired ones', authorityPem, new Date('2200-01-01'), 'expired on'],
    ['who may issue nothing', leafPem, at, 'basicConstraints'],
    ['damaged ones', authorityPem.replace('MII', 'MIJ'), at, 'no X.509 certificate'],
    ['other text', 'hello', at, 'Expected PEM'],
    ['too much text', authorityPem.repeat(200), at, 'at most'],
  ])('refuse %s', (_what, pem, now, problem) => {
    expect(readAuthorities(pem, now)).toMatchObject({ problem: expect.stringContaining(problem) });
  });
});
