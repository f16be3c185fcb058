/** What a tenant holds after a client is done: through SCIM, and in the store itself. */
import { conformanceStore } from '../conformance-server';
import { type ScimServer } from '../scim-server';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Shown = any;

/** All users by userName, as SCIM shows them. */
export async function usersOf(scim: ScimServer): Promise<Readonly<Record<string, Shown>>> {
  const { body } = await scim.request('GET', '/Users?count=1000');
  expect(body.totalResults).toBe(body.itemsPerPage);
  return Object.fromEntries(body.Resources.map((user: Shown) => [user.userName, user]));
}

/** The userNames of the members of each group by displayName, the same through SCIM and in the store. */
export async function groupsOf(
  scim: ScimServer,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const store = await conformanceStore();
  const { body } = await scim.request('GET', '/Groups?count=1000');
  expect(body.totalResults).toBe(body.itemsPerPage);
  const groups: Record<string, readonly string[]> = {};
  for (const { id, displayName, members } of body.Resources) {
    const shown = members.map((member: Shown) => member.value).sort();
    const page = await store.members(id, undefined, 10_000);
    expect(page.items.map(({ memberId }) => memberId).sort()).toEqual(shown);
    const resources = await store.findAll(shown);
    expect(resources).toHaveLength(shown.length);
    groups[displayName] = resources
      .map(({ attributes }) => attributes['userName'] as string)
      .sort();
  }
  return groups;
}

/** The attributes of a user as they are stored, for what SCIM never shows. */
export async function storedAttributes(id: string): Promise<Readonly<Record<string, Shown>>> {
  const [resource] = await (await conformanceStore()).findAll([id]);
  if (resource === undefined) throw new Error(`nothing is stored under ${id}`);
  return resource.attributes;
}
