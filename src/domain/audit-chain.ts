/**
 * How events are chained: each carries the hash of the one before, and a hash of itself. Whoever changes, removes or
 * inserts one breaks the chain there; whoever knows an earlier hash also notices when the end was cut off or everything
 * was written anew.
 */
import { createHash } from 'node:crypto';
import { type AuditEvent, type AuditFact } from './audit';

/** Where a chain ends, or where what was purged from it ended. */
export interface ChainPosition {
  /** 0: nothing before. */
  readonly seq: number;
  readonly hash: string;
}

export const CHAIN_START: ChainPosition = { seq: 0, hash: '' };

/** The event that follows. */
export function chained(fact: AuditFact, before: ChainPosition, recorded: string): AuditEvent {
  const event = { ...fact, seq: before.seq + 1, previousHash: before.hash, recorded };
  return { ...event, hash: hashOf(event) };
}

/** SHA-256, in hexadecimal digits, of the canonical text of everything in an event but the hash itself. */
export function hashOf(event: Omit<AuditEvent, 'hash'>): string {
  return createHash('sha256').update(canonicalText(event)).digest('hex');
}

/**
 * JSON with the names of each object in the order of their UTF-16 code units, as in RFC 8785; dates as RFC 3339 has them, and
 * nothing for what is undefined.
 */
export function canonicalText(value: unknown): string {
  if (value instanceof Date) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member)}`);
  return `{${members.join(',')}}`;
}

/** Follows a chain from event to event. */
export class ChainVerifier {
  private position: ChainPosition;

  /** `anchor`: where what was purged ended. */
  constructor(anchor: ChainPosition = CHAIN_START) {
    this.position = anchor;
  }

  get head(): ChainPosition {
    return this.position;
  }

  /** What is wrong with the event that comes next; undefined: nothing. */
  next(event: AuditEvent): string | undefined {
    const { seq, hash } = this.position;
    const { hash: own, ...rest } = event;
    if (event.seq > seq + 1) {
      return `events ${String(seq + 1)} to ${String(event.seq - 1)} were removed`;
    }
    if (event.seq < seq + 1) return `event ${String(event.seq)} was inserted`;
    if (hashOf(rest) !== own) return `event ${String(event.seq)} was changed`;
    if (event.previousHash !== hash) {
      return `event ${String(event.seq)} does not follow from the one before: one of the two was changed or replaced`;
    }
    this.position = { seq: event.seq, hash: own };
    return undefined;
  }
}
