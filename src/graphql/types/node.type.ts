import { Field, ID, InterfaceType } from 'type-graphql';
import { parseNodeId } from '../node-id';

/** Whatever has a global id. Its type is in the id. */
@InterfaceType('Node', {
  description: 'An object that can be read again by its id.',
  resolveType: ({ id }: NodeType) => parseNodeId(id)?.type,
})
export abstract class NodeType {
  @Field(() => ID, { description: 'Opaque, unique among objects of all types, never changes.' })
  id!: string;
}
