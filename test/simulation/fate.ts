/**
 * Where a process may die: before and after everything that it waits for outside of itself, a command of the store or a call of
 * a directory. A point is called by the port's method and what that asks for, `bindings.complete: bindings.bulkWrite` or
 * `directory: members`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Owner } from './scheduler';

export type Moment = 'before' | 'after';

export interface Fate {
  /** From now on processes may die. */
  begins(): void;
  /** Somebody has died, and nobody else will. */
  readonly isFulfilled: boolean;
  /** False: the process dies here. */
  survives(point: string, moment: Moment): boolean;
}

/** Does the process get past the point? */
export function survives(
  fate: Fate | undefined,
  process: Owner,
  point: string,
  moment: Moment,
): boolean {
  if (!fate || process.dead || fate.survives(point, moment)) return true;
  process.dead = true;
  return false;
}

const at = new AsyncLocalStorage<string>();

/** The point of a command, by what is at work at the moment. */
export function pointOf(command: string): string {
  const work = at.getStore();
  return work === undefined ? command : `${work}: ${command}`;
}

/** All ports of a store, each of whose methods is known while it is at work. */
export function withPoints<Ports extends object>(ports: Ports): Ports {
  const entries = Object.entries(ports) as [string, unknown][];
  return Object.fromEntries(
    entries.map(([name, port]) => [
      name,
      typeof port === 'object' && port !== null ? named(port, name) : port,
    ]),
  ) as Ports;
}

function named<Port extends object>(port: Port, name: string): Port {
  return new Proxy(port, {
    get: (target, property): unknown => {
      const member: unknown = Reflect.get(target, property, target);
      if (typeof member === 'object' && member !== null)
        return named(member, `${name}.${String(property)}`);
      if (typeof member !== 'function') return member;
      return (...args: readonly unknown[]): unknown =>
        at.run(`${name}.${String(property)}`, () => Reflect.apply(member, target, args) as unknown);
    },
  });
}
