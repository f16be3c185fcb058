/** What a rule says of its users: fields, their checks, logos, and what becomes of a user. */
import { toNodeId } from '../../../../src/graphql/node-id';
import { standardSchemas } from '../../../../src/domain/standard-schemas';
import { authorityPem, leafPem, PNG } from '../../../support/certificates';
import { createTarget, Gateway, type OpenWorld } from '../gateway';

const FIELDS = `otpMethods fidoEnabled roleForNewUsers tokenLogo { name type bytes url }
  certificateAuthorities { subject issuer serialNumber notBefore notAfter expired fingerprint pem }
  passwordRecovery roleProvisioning roleCatalogue { name kind exclusive }
  userAttributes { userName email active certificateCommonName customField1 }`;
const ERRORS = 'userErrors { code message field }';

export function ruleValueSuite(openWorld: OpenWorld): void {
  describe('the values a rule gives its users', () => {
    let gateway: Gateway;
    let targetId: string;
    let serial = 0;
    beforeAll(async () => {
      gateway = await Gateway.open(openWorld);
      targetId = await createTarget(gateway, 'Directory');
    });
    afterAll(() => gateway.close());

    const create = async (values: object) =>
      (
        await gateway.data(
          `mutation ($input: SyncRuleCreateInput!) {
             syncRuleCreate(input: $input) { syncRule { id ${FIELDS} } ${ERRORS} }
           }`,
          { input: { name: `rule ${String((serial += 1))}`, syncAs: [{ targetId }], ...values } },
        )
      ).syncRuleCreate;
    const update = async (id: string, input: object) =>
      (
        await gateway.data(
          `mutation ($id: ID!, $input: SyncRuleUpdateInput!) {
             syncRuleUpdate(id: $id, input: $input) { syncRule { id ${FIELDS} } ${ERRORS} }
           }`,
          { id, input },
        )
      ).syncRuleUpdate;
    const addLogo = async (name: string, image: string) =>
      (
        await gateway.data(
          `mutation ($input: TokenLogoAddInput!) {
             tokenLogoAdd(input: $input) { tokenLogo { id name type bytes url } ${ERRORS} }
           }`,
          { input: { name, image } },
        )
      ).tokenLogoAdd;
    const removeLogo = async (id: string) =>
      (
        await gateway.data(
          `mutation ($id: ID!) { tokenLogoRemove(id: $id) { deletedId ${ERRORS} } }`,
          { id },
        )
      ).tokenLogoRemove;

    it('are the usual ones when nobody says otherwise', async () => {
      const { syncRule, userErrors } = await create({});
      expect(userErrors).toEqual([]);
      expect(syncRule).toMatchObject({
        otpMethods: [],
        fidoEnabled: false,
        roleForNewUsers: 'USER',
        tokenLogo: null,
        certificateAuthorities: [],
        passwordRecovery: false,
        roleProvisioning: false,
        userAttributes: {
          userName: 'userName',
          email: 'emails[type eq "work"].value',
          certificateCommonName: '',
          customField1: '',
        },
      });
      expect(syncRule.roleCatalogue.map(({ name }: { name: string }) => name)).toEqual([
        'USER',
        'SPONSOR',
        'ADMINISTRATOR',
      ]);
    });

    it('can all be set, changed one by one, and read again', async () => {
      const { tokenLogo } = await addLogo('Lion', PNG.toString('base64'));
      const values = {
        otpMethods: ['FTC_HARDWARE', 'EMAIL', 'NONE'],
        fidoEnabled: true,
        roleForNewUsers: 'SPONSOR',
        certificateAuthorities: [authorityPem],
        passwordRecovery: true,
        roleProvisioning: true,
        roleCatalogue: [{ name: ' Auditor ', kind: 'SYSTEM' }],
        userAttributes: {
          certificateCommonName: 'lower(userName)',
          customField1: 'nickName',
          active: 'not(eq(userType, "Guest"))',
        },
      };
      const { syncRule, userErrors } = await create({ ...values, tokenLogoId: tokenLogo.id });
      expect(userErrors).toEqual([]);
      expect(syncRule).toMatchObject({
        ...values,
        tokenLogo: { name: 'Lion', type: 'PNG', bytes: PNG.length, url: tokenLogo.url },
        certificateAuthorities: [
          { subject: 'CN=Usher test CA', issuer: 'CN=Usher test CA', expired: false },
        ],
        roleCatalogue: [{ name: 'Auditor', kind: 'SYSTEM', exclusive: false }],
        userAttributes: { ...values.userAttributes, userName: 'userName' },
      });

      const changed = await update(syncRule.id, {
        otpMethods: ['SMS'],
        tokenLogoId: '',
        userAttributes: { customField1: '' },
      });
      expect(changed.userErrors).toEqual([]);
      expect(changed.syncRule).toEqual({
        ...syncRule,
        otpMethods: ['SMS'],
        tokenLogo: null,
        userAttributes: { ...syncRule.userAttributes, customField1: '' },
      });
      const read = await gateway.data(`query ($id: ID!) { syncRule(id: $id) { id ${FIELDS} } }`, {
        id: syncRule.id,
      });
      expect(read.syncRule).toEqual(changed.syncRule);
    });

    it.each([
      ['a method twice', { otpMethods: ['SMS', 'NONE', 'SMS'] }, 'INVALID', ['otpMethods', '2']],
      [
        'a logo that is not there',
        { tokenLogoId: toNodeId('TokenLogo', 'x') },
        'NOT_FOUND',
        ['tokenLogoId'],
      ],
      ['an id of something else as logo', { tokenLogoId: 'x' }, 'NOT_FOUND', ['tokenLogoId']],
      [
        'what is no certificate',
        { certificateAuthorities: ['x'] },
        'INVALID',
        ['certificateAuthorities', '0'],
      ],
      [
        'a certificate of nobody who may issue any',
        { certificateAuthorities: [authorityPem, leafPem] },
        'INVALID',
        ['certificateAuthorities', '1'],
      ],
      [
        'a binding without authority',
        { userAttributes: { certificateCommonName: 'userName' } },
        'REQUIRED',
        ['certificateAuthorities'],
      ],
      [
        'users without a name',
        { userAttributes: { userName: ' ' } },
        'INVALID',
        ['userAttributes', 'userName'],
      ],
      [
        'an attribute that is unknown',
        { userAttributes: { phone: 'emials' } },
        'INVALID',
        ['userAttributes', 'phone'],
      ],
      [
        'values of the rule in an attribute',
        { userAttributes: { customField1: 'otpMethod' } },
        'INVALID',
        ['userAttributes', 'customField1'],
      ],
      [
        'an activity that is no condition',
        { userAttributes: { active: 'userName' } },
        'INVALID',
        ['userAttributes', 'active'],
      ],
      [
        'a role twice',
        {
          roleCatalogue: [
            { name: 'A', kind: 'SYSTEM' },
            { name: 'a', kind: 'CUSTOM' },
          ],
        },
        'INVALID',
        ['roleCatalogue', '1', 'name'],
      ],
      [
        'a role without a name',
        { roleCatalogue: [{ name: ' ', kind: 'SYSTEM' }] },
        'REQUIRED',
        ['roleCatalogue', '0', 'name'],
      ],
      [
        'provisioning without roles',
        { roleProvisioning: true, roleCatalogue: [] },
        'REQUIRED',
        ['roleCatalogue'],
      ],
    ])('refuses %s, for a new rule and for an old one', async (_what, values, code, field) => {
      const refused = await create(values);
      expect(refused.syncRule).toBeNull();
      expect(refused.userErrors).toMatchObject([{ code, field }]);
      const { syncRule } = await create({});
      const unchanged = await update(syncRule.id, values);
      expect(unchanged.userErrors).toMatchObject([{ code, field }]);
      const read = await gateway.data(`query ($id: ID!) { syncRule(id: $id) { id ${FIELDS} } }`, {
        id: syncRule.id,
      });
      expect(read.syncRule).toEqual(syncRule);
    });

    it('keeps an authority as long as users are bound to its certificates', async () => {
      const { syncRule } = await create({
        certificateAuthorities: [authorityPem],
        userAttributes: { certificateCommonName: 'userName' },
      });
      const refused = await update(syncRule.id, { certificateAuthorities: [] });
      expect(refused.userErrors).toMatchObject([
        { code: 'REQUIRED', field: ['certificateAuthorities'] },
      ]);
      const values = { certificateAuthorities: [], userAttributes: { certificateCommonName: '' } };
      expect((await update(syncRule.id, values)).userErrors).toEqual([]);
    });

    it('tells a private key that came by mistake', async () => {
      const key = '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----';
      const { userErrors } = await create({ certificateAuthorities: [`${key}\n${authorityPem}`] });
      expect(userErrors[0].message).toContain('private key');
    });

    it.each([
      ['text', Buffer.from('<svg onload="alert(1)"/>')],
      ['a GIF', Buffer.from('GIF89a')],
      ['the beginning of a PNG', PNG.subarray(0, 8)],
      ['half a JPEG', Buffer.from([0xff, 0xd8, 0xff, 0xe0])],
      ['too much', Buffer.concat([PNG, Buffer.alloc(64 * 1024)])],
    ])('takes no logo that is %s', async (_what, image) => {
      const { tokenLogo, userErrors } = await addLogo('No logo', image.toString('base64'));
      expect(tokenLogo).toBeNull();
      expect(userErrors).toMatchObject([{ code: 'INVALID', field: ['image'] }]);
    });

    it('removes a logo only when no rule uses it', async () => {
      const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff, 0xd9]);
      const { tokenLogo } = await addLogo('Bear', jpeg.toString('base64'));
      expect(tokenLogo.type).toBe('JPEG');
      expect((await addLogo('bEAR', PNG.toString('base64'))).userErrors).toMatchObject([
        { code: 'TAKEN', field: ['name'] },
      ]);
      const { syncRule } = await create({ tokenLogoId: tokenLogo.id });
      expect((await removeLogo(tokenLogo.id)).userErrors).toMatchObject([
        { code: 'IN_USE', field: ['id'] },
      ]);
      await update(syncRule.id, { tokenLogoId: '' });
      const node =
        'query ($id: ID!) { node(id: $id) { id } tokenLogos(first: 100) { nodes { id } totalCount } }';
      const before = await gateway.data(node, { id: tokenLogo.id });
      expect(before.node).toEqual({ id: tokenLogo.id });
      expect(before.tokenLogos.nodes).toContainEqual({ id: tokenLogo.id });
      expect(await removeLogo(tokenLogo.id)).toEqual({ deletedId: tokenLogo.id, userErrors: [] });
      expect((await removeLogo(tokenLogo.id)).userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
      const after = await gateway.data(node, { id: tokenLogo.id });
      expect(after.node).toBeNull();
      expect(after.tokenLogos.totalCount).toBe(before.tokenLogos.totalCount - 1);
    });

    it('are shown for each user, and what cannot be made does not hide the rest', async () => {
      const { syncRule } = await create({
        passwordRecovery: true,
        fidoEnabled: true,
        roleProvisioning: true,
        roleCatalogue: [
          { name: 'Reader', kind: 'CUSTOM' },
          { name: 'Boss', kind: 'SYSTEM' },
        ],
        userAttributes: { customField2: 'upper(userName)' },
      });
      const ruleId = Buffer.from(syncRule.id, 'base64url').toString().split(':')[1] ?? '';
      const profileOf = async (attributes: Record<string, never>) => {
        const schema = standardSchemas.get('User')!;
        const { id } = await gateway.world.resources.insert(
          { ruleId, resourceType: 'User', attributes },
          schema,
        );
        const { user } = await gateway.data(
          `query ($id: ID!) { user(id: $id) { effectiveProfile {
             userName email active customField2 otpMethod tokenSerial fidoEnabled role roles
             tokenLogoUrl passwordRecovery problems } } }`,
          { id: toNodeId('User', id) },
        );
        return user.effectiveProfile;
      };
      const emails = [{ type: 'work', value: 'kit@example.com' }];
      const roles = [{ value: 'reader' }, { value: '{"value":"boss"}' }];
      expect(await profileOf({ userName: 'kit', emails, roles } as never)).toEqual({
        userName: 'kit',
        email: 'kit@example.com',
        active: true,
        customField2: 'KIT',
        otpMethod: null,
        tokenSerial: null,
        fidoEnabled: true,
        role: 'Boss',
        roles: ['Boss', 'Reader'],
        tokenLogoUrl: null,
        passwordRecovery: true,
        problems: [],
      });
      const odd = { userName: 'rosa', active: false, roles: [{ value: 'Wizard' }] };
      expect(await profileOf(odd as never)).toMatchObject({
        userName: 'rosa',
        active: false,
        role: null,
        roles: [],
        passwordRecovery: false,
        problems: [expect.stringContaining('"Wizard"')],
      });
      expect(await profileOf({ userName: 'ada' } as never)).toMatchObject({ role: 'USER' });
    });
  });
}
