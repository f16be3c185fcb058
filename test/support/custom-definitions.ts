/** A custom extension of users, and a resource type of its own with an extension, which have one of everything. */

export const ACME = 'urn:ietf:params:scim:schemas:extension:acme:2.0:User';
export const DEVICE = 'urn:example:params:scim:schemas:core:2.0:Device';
export const ASSET = 'urn:example:params:scim:schemas:extension:asset:1.0:Device';

const acme = {
  id: ACME,
  name: 'AcmeUser',
  description: 'What Acme knows of a user',
  attributes: [
    { name: 'badge', uniqueness: 'server' },
    { name: 'hired', type: 'dateTime' },
    { name: 'level', type: 'integer' },
    { name: 'rate', type: 'decimal' },
    { name: 'vip', type: 'boolean' },
    { name: 'code', caseExact: true },
    { name: 'origin', mutability: 'immutable' },
    { name: 'note', returned: 'request' },
    { name: 'pin', mutability: 'writeOnly', returned: 'never' },
    { name: 'rank', mutability: 'readOnly' },
    { name: 'skills', multiValued: true },
    {
      name: 'desks',
      type: 'complex',
      multiValued: true,
      subAttributes: [
        { name: 'value', required: true },
        { name: 'type' },
        { name: 'floor', type: 'integer' },
        { name: 'serial', mutability: 'immutable' },
        { name: 'secret', returned: 'request' },
        { name: 'primary', type: 'boolean' },
      ],
    },
    {
      name: 'buddy',
      type: 'complex',
      subAttributes: [
        { name: 'value' },
        { name: '$ref', type: 'reference', referenceTypes: ['User'] },
      ],
    },
  ],
};

const device = {
  id: DEVICE,
  attributes: [
    { name: 'serialNumber', required: true, uniqueness: 'server', caseExact: true },
    { name: 'displayName' },
    { name: 'active', type: 'boolean' },
    { name: 'model', mutability: 'immutable' },
    {
      name: 'owner',
      type: 'complex',
      subAttributes: [
        { name: 'value' },
        { name: '$ref', type: 'reference', referenceTypes: ['User'] },
      ],
    },
  ],
};

const asset = {
  id: ASSET,
  attributes: [
    { name: 'tag', required: true, uniqueness: 'server' },
    { name: 'price', type: 'decimal', returned: 'always' },
  ],
};

export const CUSTOM_DEFINITIONS = {
  schemas: [acme, device, asset],
  resourceTypes: [
    {
      name: 'Device',
      endpoint: '/Devices',
      description: 'A device',
      schema: DEVICE,
      schemaExtensions: [{ schema: ASSET, required: true }],
    },
  ],
  schemaExtensions: [{ resourceType: 'User', schema: ACME, required: false }],
};
