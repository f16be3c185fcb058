/** What this server can do and what its resources look like (RFC 7644 section 4). */
import { DomainError } from '../domain/error';
import { GROUP } from '../domain/resource';
import {
  type AttributeDefinition,
  type ResourceTypeDefinition,
  type SchemaDefinition,
} from '../domain/schema';
import { type Handler, type ScimRequest, type ScimResponse } from './http';
import { listResponse } from './representation/list';
import { MAX_BODY } from './body';
import { MAX_BULK_OPERATIONS } from './bulk-request';
import { CURSOR_TIMEOUT } from './cursor';
import { DEFAULT_COUNT, MAX_COUNT } from './page';

const CORE = 'urn:ietf:params:scim:schemas:core:2.0';

/** What is supported is what is built: clients choose their requests by it. */
const CAPABILITIES = {
  patch: { supported: true },
  bulk: { supported: true, maxOperations: MAX_BULK_OPERATIONS, maxPayloadSize: MAX_BODY },
  filter: { supported: true, maxResults: MAX_COUNT },
  changePassword: { supported: false },
  sort: { supported: true },
  // RFC 9865 section 4.
  pagination: {
    cursor: true,
    index: true,
    defaultPaginationMethod: 'index',
    defaultPageSize: DEFAULT_COUNT,
    maxPageSize: MAX_COUNT,
    cursorTimeout: CURSOR_TIMEOUT,
  },
  etag: { supported: true },
  authenticationSchemes: [
    {
      type: 'oauthbearertoken',
      name: 'OAuth Bearer Token',
      description: "The sync rule's secret token as a bearer token.",
      specUri: 'https://www.rfc-editor.org/info/rfc6750',
      primary: true,
    },
    {
      type: 'httpbasic',
      name: 'HTTP Basic',
      description: "The sync rule's key as user name and its secret token as password.",
      specUri: 'https://www.rfc-editor.org/info/rfc7617',
      primary: false,
    },
  ],
};

export const serviceProviderConfig: Handler = async ({ baseUrl }) =>
  document({
    schemas: [`${CORE}:ServiceProviderConfig`],
    ...CAPABILITIES,
    meta: {
      resourceType: 'ServiceProviderConfig',
      location: `${baseUrl}/ServiceProviderConfig`,
    },
  });

export const resourceTypes: Handler = async (request) =>
  list(
    request,
    request.schemas.types.map((type) => resourceTypeDocument(type, request.baseUrl)),
  );

export const resourceType: Handler = async ({ schemas, baseUrl, parameter }) => {
  const name = parameter('id');
  const type = schemas.types.find((one) => equalNames(one.id, name));
  if (type === undefined) throw new DomainError('notFound', `There is no resource type "${name}".`);
  return document(resourceTypeDocument(type, baseUrl));
};

export const schemas: Handler = async (request) =>
  list(
    request,
    request.schemas.schemas.map((schema) => schemaDocument(schema, request)),
  );

export const schema: Handler = async (request) => {
  const id = request.parameter('id');
  const found = request.schemas.schemas.find((one) => equalNames(one.id, id));
  if (found === undefined) throw new DomainError('notFound', `There is no schema "${id}".`);
  return document(schemaDocument(found, request));
};

interface Located {
  readonly schemas: readonly string[];
  readonly meta: { readonly resourceType: string; readonly location: string };
}

/** One document; where it is stands in a header, too (RFC 7643 section 3.1, meta.location). */
function document(body: Located): ScimResponse {
  return { status: 200, headers: { 'Content-Location': body.meta.location }, body };
}

/** RFC 7644 section 4: a filter here is refused, not ignored. */
function list({ query }: ScimRequest, documents: readonly object[]): ScimResponse {
  if (query.has('filter')) {
    throw new DomainError('forbidden', 'This list cannot be filtered. Leave the filter out.');
  }
  const head = {
    totalResults: documents.length,
    startIndex: 1,
    itemsPerPage: documents.length,
  };
  return { status: 200, body: listResponse(head, documents) };
}

function resourceTypeDocument(type: ResourceTypeDefinition, baseUrl: string): Located {
  return {
    schemas: [`${CORE}:ResourceType`],
    ...type,
    meta: { resourceType: 'ResourceType', location: `${baseUrl}/ResourceTypes/${type.id}` },
  };
}

function schemaDocument(definition: SchemaDefinition, request: ScimRequest): Located {
  const { baseUrl } = request;
  const shown = { ...definition, attributes: attributesOf(definition, request) };
  return {
    schemas: [`${CORE}:Schema`],
    ...shown,
    meta: { resourceType: 'Schema', location: `${baseUrl}/Schemas/${definition.id}` },
  };
}

/** What is unique is up to the profile, too. */
function attributesOf(
  definition: SchemaDefinition,
  { schemas: table, profile }: ScimRequest,
): readonly AttributeDefinition[] {
  if (profile.groupNames === 'unique' || definition !== table.get(GROUP)?.core) {
    return definition.attributes;
  }
  return definition.attributes.map((attribute) =>
    attribute.name === 'displayName' ? { ...attribute, uniqueness: 'none' } : attribute,
  );
}

function equalNames(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}
