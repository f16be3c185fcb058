/** The engine broken on purpose, in ways that somebody might break it: a simulation that does not notice proves nothing. */
import { type DeliveryEngineDeps } from '../../src/delivery/engine';
import { type SyncRule } from '../../src/domain/sync-rule';
import { type Filter } from '../support/memory-mongo/filter';
import { type Damage } from './history';

export interface Mutation extends Damage {
  readonly name: string;
}

type Deps = DeliveryEngineDeps;
type Method = (...args: never[]) => unknown;

/** A port with one method replaced; the others are its own. */
function replaced<Port extends object, Name extends keyof Port>(
  port: Port,
  name: Name,
  method: Port[Name] & Method,
): Port {
  return new Proxy(port, {
    get: (target, property): unknown => {
      if (property === name) return method;
      const member: unknown = Reflect.get(target, property);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

function inPort<Port extends keyof Deps, Name extends keyof Deps[Port]>(
  port: Port,
  name: Name,
  make: (own: Deps[Port], deps: Deps) => Deps[Port][Name] & Method,
): Damage {
  return {
    engine: (deps) => {
      const own = deps[port];
      return { ...deps, [port]: replaced(own as object, name as never, make(own, deps) as never) };
    },
  };
}

function ruleSeenAs(seen: (rule: SyncRule) => SyncRule): Damage {
  return {
    engine: (deps) => {
      const { rules } = deps;
      const find: typeof rules.find = async (id) => {
        const rule = await rules.find(id);
        return rule && seen(rule);
      };
      const findAll: typeof rules.findAll = async (ids) => (await rules.findAll(ids)).map(seen);
      return { ...deps, rules: replaced(replaced(rules, 'find', find), 'findAll', findAll) };
    },
  };
}

/** A condition of the store's writes that is left out. */
function without(field: string, collection: string, where: (filter: Filter) => boolean): Damage {
  return {
    database: (name, filter) => {
      if (name !== collection || !(field in filter) || !where(filter)) return filter;
      const { [field]: _left, ...others } = filter;
      return others;
    },
  };
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'a completion forgets what was asked for meanwhile',
    ...without('revision', 'bindings', (filter) => 'fence' in filter),
  },
  {
    name: 'a lease is taken whoever has it',
    ...without('leaseUntil', 'bindings', (filter) => 'dueAt' in filter),
  },
  {
    name: 'pending is cleared before the work is noted',
    ...inPort('fanOut', 'pendingAmong', (fanOut) => async (ids) => {
      const pending = await fanOut.pendingAmong(ids);
      await fanOut.clearPending(pending);
      return pending;
    }),
  },
  {
    name: 'the name of an entry to come is not noted',
    ...inPort('queue', 'markCreating', () => async () => true),
  },
  {
    name: 'groups are not told when an entry comes, goes or changes its name',
    ...inPort('deltas', 'announce', () => async () => 0),
  },
  {
    name: 'who is deleted does not leave the groups that a crash left',
    ...inPort('resources', 'leaveGroups', () => async () => undefined),
  },
  {
    name: 'a change of a rule is not rolled out',
    ...inPort('rollouts', 'redeliver', () => async () => undefined),
  },
  {
    name: 'what is to be kept is removed',
    ...ruleSeenAs((rule) => ({
      ...rule,
      syncAs: rule.syncAs.map((syncAs) => ({ ...syncAs, onDelete: 'DELETE' })),
    })),
  },
  {
    name: 'entries of others are taken over',
    ...ruleSeenAs((rule) => ({
      ...rule,
      syncAs: rule.syncAs.map((syncAs) => ({
        ...syncAs,
        correlation: { attributes: [], policy: 'ADOPT' },
      })),
    })),
  },
];
