import { fold } from '../../domain/filter/fold';
import { type Resource } from '../../domain/resource';
import { type Connection, type ConnectionArgs, pageOf, sliceAfter } from '../connection';
import { type Loaders } from '../loaders';
import { type GroupType, toGroup } from '../types/resource.type';

/** Which of a member's groups. */
export interface GroupsOfMember {
  readonly memberKey: string;
  readonly ruleId?: string;
  /** The beginning of the name, in any case. */
  readonly search?: string;
}

/** A page of the groups somebody is in. They come all at once, which is what a member costs anyway. */
export async function groupsOfMember(
  loaders: Loaders,
  args: ConnectionArgs,
  query: GroupsOfMember,
): Promise<Connection<GroupType>> {
  const all = await loaders.groupsOf.load(query.memberKey);
  const groups = all.filter((group) => matches(group, query));
  return pageOf({
    args,
    list: ['groupsOf', query],
    load: async (entry) => sliceAfter(groups, entry),
    keyOf: (group) => group.id,
    toNode: toGroup,
    count: async () => groups.length,
  });
}

function matches(group: Resource, { ruleId, search }: GroupsOfMember): boolean {
  if (ruleId !== undefined && group.ruleId !== ruleId) return false;
  const name = group.attributes['displayName'];
  const beginning = fold(search?.trim() ?? '');
  return typeof name === 'string' && fold(name).startsWith(beginning);
}
