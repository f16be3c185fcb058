/** Batches the look-ups of one request, so that a list costs as many queries as a single object. */
import DataLoader from 'dataloader';
import { type Binding } from '../domain/binding';
import { type Operation } from '../domain/operation';
import { type GuardState } from '../domain/guard';
import { type Resource } from '../domain/resource';
import { type SyncRule } from '../domain/sync-rule';
import { type Target } from '../domain/target';
import { type TokenLogo } from '../domain/token-logo';
import { type ReadPorts } from './ports';

export interface Loaders {
  readonly rules: DataLoader<string, SyncRule | undefined>;
  readonly targets: DataLoader<string, Target | undefined>;
  readonly operations: DataLoader<string, Operation | undefined>;
  readonly tokenLogos: DataLoader<string, TokenLogo | undefined>;
  /** By the id of the rule. */
  readonly guards: DataLoader<string, GuardState | undefined>;
  /** Deleted resources included, while they exist. */
  readonly resources: DataLoader<string, Resource | undefined>;
  /** All bindings of a resource, by ascending id. */
  readonly bindingsOf: DataLoader<string, readonly Binding[]>;
  /** All groups a resource is a member of, by ascending id. */
  readonly groupsOf: DataLoader<string, readonly Resource[]>;
}

export function createLoaders(ports: ReadPorts): Loaders {
  return {
    rules: byId((ids) => ports.syncRules.findAll(ids)),
    targets: byId((ids) => ports.targets.findAll(ids)),
    operations: byId((ids) => ports.operations.findAll(ids)),
    tokenLogos: byId((ids) => ports.tokenLogos.findAll(ids)),
    guards: byKey(
      (ids) => ports.guards.findAll(ids),
      ({ ruleId }) => ruleId,
    ),
    resources: byId((ids) => ports.resources.findAll(ids)),
    bindingsOf: listsByKey((ids) => ports.bindings.ofResources(ids)),
    groupsOf: listsByKey((ids) => ports.resources.groupsOf(ids)),
  };
}

interface Identified {
  readonly id: string;
}

/** How many keys one query may name. */
const MAX_BATCH_SIZE = 500;

function byId<Item extends Identified>(
  findAll: (ids: readonly string[]) => Promise<readonly Item[]>,
): DataLoader<string, Item | undefined> {
  return byKey(findAll, ({ id }) => id);
}

function byKey<Item>(
  findAll: (keys: readonly string[]) => Promise<readonly Item[]>,
  keyOf: (item: Item) => string,
): DataLoader<string, Item | undefined> {
  return new DataLoader(
    async (keys) => {
      const found = new Map((await findAll(keys)).map((item) => [keyOf(item), item]));
      return keys.map((key) => found.get(key));
    },
    { maxBatchSize: MAX_BATCH_SIZE },
  );
}

function listsByKey<Item extends Identified>(
  find: (keys: readonly string[]) => Promise<ReadonlyMap<string, readonly Item[]>>,
): DataLoader<string, readonly Item[]> {
  return new DataLoader(
    async (keys) => {
      const found = await find(keys);
      return keys.map((key) => byAscendingId(found.get(key) ?? []));
    },
    { maxBatchSize: MAX_BATCH_SIZE },
  );
}

function byAscendingId<Item extends Identified>(items: readonly Item[]): readonly Item[] {
  return [...items].sort((one, other) => (one.id < other.id ? -1 : 1));
}
