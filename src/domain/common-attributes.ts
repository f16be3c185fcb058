/** Attributes every resource has beside its schemas (RFC 7643 section 3.1); no schema document lists them. */
import { type AttributeDefinition } from './schema';

const BASE = {
  type: 'string',
  multiValued: false,
  required: false,
  caseExact: true,
  mutability: 'readOnly',
  returned: 'default',
  uniqueness: 'none',
} as const;

export const ID: AttributeDefinition = {
  ...BASE,
  name: 'id',
  description: 'Unique identifier of the resource, issued by the service provider.',
  required: true,
  returned: 'always',
  uniqueness: 'server',
};

export const EXTERNAL_ID: AttributeDefinition = {
  ...BASE,
  name: 'externalId',
  description: 'Identifier of the resource as the provisioning client knows it.',
  mutability: 'readWrite',
};

export const SCHEMAS: AttributeDefinition = {
  ...BASE,
  name: 'schemas',
  type: 'reference',
  multiValued: true,
  description: 'URNs of the schemas the resource follows.',
  required: true,
  returned: 'always',
  referenceTypes: ['uri'],
};

export const META: AttributeDefinition = {
  ...BASE,
  name: 'meta',
  type: 'complex',
  description: 'Metadata of the resource.',
  caseExact: false,
  subAttributes: [
    { ...BASE, name: 'resourceType', description: 'Name of the resource type.' },
    { ...BASE, name: 'created', type: 'dateTime', description: 'When the resource was made.' },
    {
      ...BASE,
      name: 'lastModified',
      type: 'dateTime',
      description: 'When the resource was last changed.',
    },
    {
      ...BASE,
      name: 'location',
      type: 'reference',
      referenceTypes: ['uri'],
      description: 'URI of the resource.',
    },
    { ...BASE, name: 'version', description: 'Version of the resource, as in the ETag header.' },
  ],
};
