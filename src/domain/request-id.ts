/** By which logs, answers and audit events of one request are read together. */
import { randomUUID } from 'node:crypto';

/** What a client or a proxy in front gave, if it is fit to stand in a log; otherwise one of our own. */
export function requestIdFrom(given: string | readonly string[] | undefined): string {
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}
