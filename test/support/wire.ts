/** Bodies as identity providers send them: fresh samples in the shapes of each client. */

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

/** A creation as Entra ID sends it. */
export function entraUser(userName: string, more: object = {}): object {
  const [local = userName] = userName.split('@');
  return {
    schemas: [USER, ENTERPRISE],
    externalId: `ext-${local}`,
    userName,
    active: true,
    displayName: `Kit ${local}`,
    name: { formatted: `Kit ${local}`, givenName: 'Kit', familyName: local },
    emails: [{ type: 'work', value: `${local}@northmill.example`, primary: true }],
    meta: { resourceType: 'User' },
    roles: [],
    [ENTERPRISE]: { department: 'Milling', employeeNumber: '7731' },
    ...more,
  };
}

export function entraGroup(displayName: string): object {
  return {
    schemas: [
      'urn:ietf:params:scim:schemas:core:2.0:Group',
      'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group',
    ],
    externalId: `ext-${displayName}`,
    displayName,
    meta: { resourceType: 'Group' },
  };
}

export function patch(...operations: readonly object[]): object {
  return { schemas: [PATCH_OP], Operations: operations };
}
