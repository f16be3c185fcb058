/** Reads what is shown with resources beyond themselves, and only if it is shown. */
import { type Provisioning } from '../domain/provisioning';
import { GROUP, USER, type Membership, type Resource } from '../domain/resource';
import { type ResourceSchema } from '../domain/schema-table';
import { type ScimRequest } from './http';
import { invalidParameter } from './page';
import { nameList, Projection } from './representation/projection';
import { groupChunks } from './representation/group-chunks';
import {
  membershipAttribute,
  represent,
  type ShownResource,
  type View,
} from './representation/resource';

/** A group with more members is not held in memory as a whole: it is read and sent page by page. */
const MEMBER_PAGE = 2000;
/** How many groups of a list have their first members read at the same time. */
const PARALLEL_GROUPS = 8;

/** The view a request asks for by `attributes` and `excludedAttributes`. */
export function viewOf(request: ScimRequest, schema: ResourceSchema): View {
  const { query, profile } = request;
  if (!profile.bothProjections && query.has('attributes') && query.has('excludedattributes')) {
    throw invalidParameter('excludedAttributes', 'cannot be used together with "attributes"');
  }
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

/** Resources of one type, none of them with members. */
export async function shownAll(
  provisioning: Provisioning,
  view: View,
  resources: readonly Resource[],
): Promise<readonly ShownResource[]> {
  if (!showsMemberships(view) || view.schema.type.name !== USER) {
    return resources.map((resource) => ({ resource }));
  }
  const groups = await provisioning.groupsOf(resources.map(({ id }) => id));
  return resources.map((resource) => ({ resource, groups: groups.get(resource.id) ?? [] }));
}

/** Groups as JSON, a few at a time: all members of all groups of a list may be far too many. */
export async function* groupsAsJson(
  provisioning: Provisioning,
  view: View,
  groups: readonly Resource[],
): AsyncGenerator<string | AsyncIterable<string>> {
  for (let start = 0; start < groups.length; start += PARALLEL_GROUPS) {
    const some = groups.slice(start, start + PARALLEL_GROUPS);
    const shown = await Promise.all(some.map((one) => withMembers(provisioning, one)));
    for (const one of shown) {
      yield one.furtherMembers === undefined
        ? JSON.stringify(represent(view, one))
        : groupChunks(view, one, one.furtherMembers);
    }
  }
}

async function withMembers(provisioning: Provisioning, resource: Resource): Promise<ShownResource> {
  if (resource.resourceType !== GROUP) return { resource };
  const { items: members, hasMore } = await provisioning.members(
    resource.id,
    undefined,
    MEMBER_PAGE,
  );
  const last = members.at(-1);
  if (!hasMore || last === undefined) return { resource, members };
  return { resource, members, furtherMembers: membersAfter(provisioning, last) };
}

async function* membersAfter(
  provisioning: Provisioning,
  { groupId, memberId }: Membership,
): AsyncGenerator<readonly Membership[]> {
  let after: string | undefined = memberId;
  do {
    const page = await provisioning.members(groupId, after, MEMBER_PAGE);
    if (page.items.length > 0) yield page.items;
    after = page.hasMore ? page.items.at(-1)?.memberId : undefined;
  } while (after !== undefined);
}
