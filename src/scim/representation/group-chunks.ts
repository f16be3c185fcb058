/** A group with more members than are held in memory, as JSON in pieces. */
import { type Membership } from '../../domain/resource';
import { memberValues, represent, type ShownResource, type View } from './resource';

export async function* groupChunks(
  view: View,
  { resource, members = [] }: ShownResource,
  furtherMembers: AsyncIterable<readonly Membership[]>,
): AsyncGenerator<string> {
  // What is shown of a resource always has an id, so a comma can follow.
  yield `${JSON.stringify(represent(view, { resource })).slice(0, -1)},"members":[`;
  yield elements(view, members);
  for await (const page of furtherMembers) yield `,${elements(view, page)}`;
  yield ']}';
}

/** A list without its brackets. */
function elements(view: View, members: readonly Membership[]): string {
  return JSON.stringify(memberValues(view, members)).slice(1, -1);
}
