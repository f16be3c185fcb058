/** The schemas and resource types every rule has, as the documents in schema/scim describe them. */
import enterpriseUser from '../../schema/scim/EnterpriseUser.json';
import group from '../../schema/scim/Group.json';
import resourceType from '../../schema/scim/ResourceType.json';
import resourceTypes from '../../schema/scim/resource-types.json';
import schema from '../../schema/scim/Schema.json';
import serviceProviderConfig from '../../schema/scim/ServiceProviderConfig.json';
import user from '../../schema/scim/User.json';
import { SchemaTable } from './schema-table';
import { type SchemaDefinition } from './schema';

/** TypeScript reads the keywords of a JSON file as plain strings; a test checks them. */
const documents = [
  user,
  group,
  enterpriseUser,
  serviceProviderConfig,
  resourceType,
  schema,
] as unknown as readonly SchemaDefinition[];

export const standardSchemas: SchemaTable = new SchemaTable(resourceTypes, documents);
