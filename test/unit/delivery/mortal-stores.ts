/** Stores of a process that dies: after so many writes nothing it asks for happens any more. */
import { type EngineStores } from './world';

/** Writes of deliveries. Renewals and housekeeping come by the clock and are not counted, so that runs can be repeated. */
const COUNTED = new Set([
  'enqueue',
  'claim',
  'markCreating',
  'bindEntry',
  'renameEntry',
  'forgetEntry',
  'admit',
  'trip',
  'markPassed',
  'notice',
  'decide',
  'grant',
  'park',
  'release',
  'complete',
  'fail',
  'clearPending',
  'announce',
  'leaveGroups',
  'applyJournal',
  'recordChanges',
  'recordDeliveries',
]);

/** Writes of rollouts; the deliveries they ask for are not counted. */
export const ROLLOUT_STEPS: ReadonlySet<string> = new Set([
  'redeliver',
  'takeBack',
  'forget',
  'advance',
  'repeat',
  'finish',
]);

export interface Life {
  writesLeft: number;
  dead: boolean;
}

export function mortal(
  stores: EngineStores,
  life: Life,
  counted: ReadonlySet<string> = COUNTED,
): EngineStores {
  const { audit, ...others } = stores;
  const wrapped = Object.entries(others).map(([name, store]) => [name, wrap(store, life, counted)]);
  const outbox = wrap(audit.outbox, life, counted);
  return { ...Object.fromEntries(wrapped), audit: { ...audit, outbox } } as EngineStores;
}

/** The same store, except that its last write before death takes place, and nobody hears of it. */
export function dyingAfter<Store extends object>(
  store: Store,
  life: Life,
  method: keyof Store,
): Store {
  return new Proxy(store, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]): Promise<unknown> => {
        const answer: unknown = await Reflect.apply(member, target, args);
        if (property === method) {
          if (life.writesLeft === 0) life.dead = true;
          else life.writesLeft -= 1;
        }
        if (life.dead) throw new Error('This process is dead');
        return answer;
      };
    },
  });
}

function wrap(store: object, life: Life, counted: ReadonlySet<string>): object {
  return new Proxy(store, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== 'function') return member;
      return async (...args: unknown[]): Promise<unknown> => {
        if (counted.has(String(property))) {
          if (life.writesLeft === 0) life.dead = true;
          else life.writesLeft -= 1;
        }
        if (life.dead) throw new Error('This process is dead');
        return Reflect.apply(member, target, args) as unknown;
      };
    },
  });
}
