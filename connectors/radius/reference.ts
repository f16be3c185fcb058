/** The reference of an entry that somebody else made: always the same for the same name, until it is adopted. */
import { createHash } from 'node:crypto';
import type { EntryKind } from '../spi';

/** A UUID made from kind and name (RFC 9562, version 5 layout, in a namespace of our own). */
export function referenceOf(kind: EntryKind, name: string): string {
  const hash = createHash('sha1').update(`usher radius ${kind} ${name}`).digest();
  hash[6] = ((hash[6] as number) & 0x0f) | 0x50;
  hash[8] = ((hash[8] as number) & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join('-');
}
