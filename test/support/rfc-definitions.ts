/** A resource type with attributes of every type and characteristic that the standard schemas have not. */
import { type AttributeDefinition } from '../../src/domain/schema';
import { type ScimDefinitions } from '../../src/domain/sync-rule';

export const DEVICE = 'urn:example:params:scim:schemas:rfc:2.0:Device';
export const LEASE = 'urn:example:params:scim:schemas:rfc:2.0:Lease';

function attribute(
  name: string,
  type: AttributeDefinition['type'],
  more: Partial<AttributeDefinition> = {},
): AttributeDefinition {
  return {
    name,
    type,
    multiValued: false,
    description: `The ${name} of a device.`,
    required: false,
    caseExact: false,
    mutability: 'readWrite',
    returned: 'default',
    ...(type === 'complex' ? {} : { uniqueness: 'none' }),
    ...more,
  };
}

const attributes = [
  attribute('name', 'string', { required: true }),
  attribute('serial', 'string', { mutability: 'immutable' }),
  attribute('slots', 'integer'),
  attribute('load', 'decimal'),
  attribute('bought', 'dateTime'),
  attribute('firmware', 'binary', { caseExact: true }),
  attribute('code', 'string', { caseExact: true }),
  attribute('pin', 'string', { mutability: 'writeOnly', returned: 'never' }),
  attribute('asset', 'string', { mutability: 'readOnly' }),
  attribute('notes', 'string', { returned: 'request' }),
  attribute('label', 'string', { returned: 'always' }),
  attribute('tags', 'string', { multiValued: true }),
];

const lease = [attribute('lessor', 'string', { required: true }), attribute('until', 'dateTime')];

export const DEVICES: ScimDefinitions = {
  schemas: [
    { id: DEVICE, name: 'Device', description: 'Device', attributes },
    { id: LEASE, name: 'Lease', description: 'Lease', attributes: lease },
  ],
  resourceTypes: [
    {
      id: 'Device',
      name: 'Device',
      endpoint: '/Devices',
      description: 'Device',
      schema: DEVICE,
      schemaExtensions: [{ schema: LEASE, required: true }],
    },
  ],
  schemaExtensions: [],
};
