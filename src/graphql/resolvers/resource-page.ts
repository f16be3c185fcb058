import { type ResourceListFilter } from '../../domain/ports';
import { type Resource } from '../../domain/resource';
import { type Connection, type ConnectionArgs, pageOf } from '../connection';
import { type ReadPorts } from '../ports';

/** A page of live resources by ascending id, that is by time of creation. */
export function resourcePage<Node>(
  ports: ReadPorts,
  args: ConnectionArgs,
  filter: ResourceListFilter,
  toNode: (resource: Resource) => Node,
): Promise<Connection<Node>> {
  return pageOf({
    args,
    list: ['resources', filter],
    load: (entry) => ports.resources.list({ ...filter, ...entry }),
    keyOf: (resource) => resource.id,
    toNode,
    count: () => ports.resources.count(filter),
  });
}
