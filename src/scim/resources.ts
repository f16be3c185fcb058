/** Resources of every type, one by one (RFC 7644 sections 3.3 to 3.6). */
import { DomainError } from '../domain/error';
import { type Provisioning, type ProvisioningScope } from '../domain/provisioning';
import { GROUP, type Resource } from '../domain/resource';
import { type ResourceSchema } from '../domain/schema-table';
import { type Handler, type ScimRequest, type ScimResponse } from './http';
import { parsePatch, patchModification } from './patch';
import { entityTag, expectedGenerations, isUnmodified } from './preconditions';
import { groupChunks } from './representation/group-chunks';
import { location, represent, type ShownResource, type View } from './representation/resource';
import { shownWhile, viewOf } from './shown-resources';

/** Throws `notFound` for an endpoint the rule does not have. */
export function schemaOf(request: ScimRequest): ResourceSchema {
  const endpoint = request.parameter('endpoint');
  const schema = request.schemas.byEndpoint(`/${endpoint}`);
  if (schema === undefined)
    throw new DomainError('notFound', `There is no endpoint "/${endpoint}".`);
  return schema;
}

export function scopeOf(
  { rule, profile, origin }: ScimRequest,
  schema: ResourceSchema,
): ProvisioningScope {
  return { ruleId: rule.id, resourceType: schema.type.name, schema, profile, roles: rule, origin };
}

export interface ResourceHandlers {
  readonly create: Handler;
  readonly get: Handler;
  readonly replace: Handler;
  readonly modify: Handler;
  readonly remove: Handler;
}

export function resourceHandlers(provisioning: Provisioning): ResourceHandlers {
  return {
    create: async (request) => {
      const schema = schemaOf(request);
      const view = viewOf(request, schema);
      const resource = await provisioning.create(scopeOf(request, schema), request.body);
      const shown = await shownWhile(provisioning, view, resource.id, Promise.resolve(resource));
      const response = resourceResponse(view, shown);
      const headers = { ...response.headers, Location: location(view, resource.id) };
      return { ...response, status: 201, headers };
    },

    get: async (request) => {
      const { schema, view, id } = targetOf(request);
      const pending = provisioning.get(scopeOf(request, schema), id);
      const shown = await shownWhile(provisioning, view, id, pending);
      if (isUnmodified(request.headers, shown.resource.generation)) {
        return { status: 304, headers: versionHeaders(shown.resource) };
      }
      return resourceResponse(view, shown);
    },

    replace: async (request) => {
      const { schema, view, id } = targetOf(request);
      const expected = expectedGenerations(request.headers);
      const pending = provisioning.replace(scopeOf(request, schema), id, request.body, expected);
      return resourceResponse(view, await shownWhile(provisioning, view, id, pending));
    },

    modify: async (request) => {
      const { schema, view, id } = targetOf(request);
      const modification = patchModification(
        { schema, profile: request.profile },
        parsePatch(request.body, request.profile),
      );
      const expected = expectedGenerations(request.headers);
      const pending = provisioning.modify(scopeOf(request, schema), id, modification, expected);
      if (schema.type.name === GROUP && !asksForAttributes(request)) {
        return { status: 204, headers: versionHeaders(await pending) };
      }
      return resourceResponse(view, await shownWhile(provisioning, view, id, pending));
    },

    remove: async (request) => {
      const schema = schemaOf(request);
      const expected = expectedGenerations(request.headers);
      await provisioning.delete(scopeOf(request, schema), request.parameter('id'), expected);
      return { status: 204 };
    },
  };
}

interface Target {
  readonly schema: ResourceSchema;
  readonly view: View;
  readonly id: string;
}

function targetOf(request: ScimRequest): Target {
  const schema = schemaOf(request);
  return { schema, view: viewOf(request, schema), id: request.parameter('id') };
}

/** A group's members may be many, so PATCH only answers with them when asked (RFC 7644 section 3.5.2; Entra wants 204). */
function asksForAttributes({ query }: ScimRequest): boolean {
  return query.has('attributes') || query.has('excludedattributes');
}

function resourceResponse(view: View, shown: ShownResource): ScimResponse {
  const headers = {
    ...versionHeaders(shown.resource),
    // The same as meta.location (RFC 7643 section 3.1).
    'Content-Location': location(view, shown.resource.id),
  };
  const response = { status: 200, headers };
  const { furtherMembers } = shown;
  return furtherMembers === undefined
    ? { ...response, body: represent(view, shown) }
    : { ...response, chunks: groupChunks(view, shown, furtherMembers) };
}

function versionHeaders(resource: Resource): Readonly<Record<string, string>> {
  return { ETag: entityTag(resource.generation) };
}
