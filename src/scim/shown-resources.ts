/** Reads what is shown with resources beyond themselves, and only if it is shown. */
import { type Provisioning } from '../domain/provisioning';
import { GROUP, USER, type Membership, type Resource } from '../domain/resource';
import { type ResourceSchema } from '../domain/schema-table';
import { type ScimRequest } from './http';
import { nameList, Projection } from './representation/projection';
import { membershipAttribute, type ShownResource, type View } from './representation/resource';

const MEMBER_PAGE = 2000;
/** How many groups of a list have their members read at the same time. */
const PARALLEL_GROUPS = 8;

/** The view a request asks for by `attributes` and `excludedAttributes`. */
export function viewOf(request: ScimRequest, schema: ResourceSchema): View {
  const { query } = request;
  const projection =
    query.size === 0
      ? Projection.default
      : Projection.of(
          schema,
          nameList(query.get('attributes')),
          nameList(query.get('excludedattributes')),
        );
  return { schemas: request.schemas, schema, projection, baseUrl: request.baseUrl };
}

/** Whether `members` or `groups` are shown. */
export function showsMemberships({ schema, projection }: View): boolean {
  const attribute = membershipAttribute(schema);
  return attribute !== undefined && projection.shows({ attribute });
}

/** A resource that is still being read or written: a user's groups are read meanwhile. */
export async function shownWhile(
  provisioning: Provisioning,
  view: View,
  id: string,
  pending: Promise<Resource>,
): Promise<ShownResource> {
  if (!showsMemberships(view)) return { resource: await pending };
  if (view.schema.type.name === USER) {
    const [resource, groups] = await Promise.all([pending, provisioning.groupsOf([id])]);
    return { resource, groups: groups.get(id) ?? [] };
  }
  return withMembers(provisioning, await pending);
}

/** A page of resources. */
export async function shownAll(
  provisioning: Provisioning,
  view: View,
  resources: readonly Resource[],
): Promise<readonly ShownResource[]> {
  if (!showsMemberships(view)) return resources.map((resource) => ({ resource }));
  if (view.schema.type.name === USER) {
    const groups = await provisioning.groupsOf(resources.map(({ id }) => id));
    return resources.map((resource) => ({ resource, groups: groups.get(resource.id) ?? [] }));
  }
  const shown: ShownResource[] = [];
  for (let start = 0; start < resources.length; start += PARALLEL_GROUPS) {
    const some = resources.slice(start, start + PARALLEL_GROUPS);
    shown.push(...(await Promise.all(some.map((one) => withMembers(provisioning, one)))));
  }
  return shown;
}

async function withMembers(provisioning: Provisioning, resource: Resource): Promise<ShownResource> {
  if (resource.resourceType !== GROUP) return { resource };
  const members: Membership[] = [];
  let after: string | undefined;
  do {
    const page = await provisioning.members(resource.id, after, MEMBER_PAGE);
    for (const member of page.items) members.push(member);
    after = page.hasMore ? page.items.at(-1)?.memberId : undefined;
  } while (after !== undefined);
  return { resource, members };
}
