/**
 * Attributes of many values that a server hands out in ranges ([MS-ADTS] section 3.1.1.3.1.3.3): `member;range=0-1499`, then
 * the next, until the answer ends in `*`.
 */
import { type Entry as LdapEntry } from 'ldapts';
import { ConnectorError } from '../spi';
import { type Exchange } from './exchange';
import { attributeValues, rangeOf } from './values';
import { settledProfile } from './vendor';

const RANGE = /^(.+);range=(\d+)-(\d+|\*)$/i;

interface Piece {
  readonly attribute: string;
  readonly values: readonly string[];
  /** Undefined when these are the last. */
  readonly next: number | undefined;
}

function pieces(raw: LdapEntry): { readonly key: string; readonly piece: Piece }[] {
  return Object.entries(raw).flatMap(([key, value]) => {
    const [, attribute, first, last] = RANGE.exec(key) ?? [];
    if (attribute === undefined) return [];
    const values = attributeValues(value);
    // The library adds every attribute that was asked for and not answered, without values.
    if (values.length === 0) return [{ key, piece: { attribute, values, next: undefined } }];
    const next = last === '*' ? undefined : Number(first) + values.length;
    return [{ key, piece: { attribute, values, next } }];
  });
}

/** The entry with all the values of its attributes under their own names. */
export async function withoutRanges(exchange: Exchange, raw: LdapEntry): Promise<LdapEntry> {
  const size = settledProfile(exchange.settings.vendor).valuesPerRange;
  if (size === undefined) return raw;
  const found = pieces(raw);
  if (found.length === 0) return raw;
  const entry: LdapEntry = { ...raw };
  for (const { key } of found) delete entry[key];
  const parts = new Map<string, Piece>();
  for (const { piece } of found) {
    const known = parts.get(piece.attribute);
    if (!known || piece.values.length > known.values.length) parts.set(piece.attribute, piece);
  }
  for (const piece of parts.values()) {
    entry[piece.attribute] = await allValues(exchange, raw.dn, piece, size);
  }
  return entry;
}

async function allValues(
  exchange: Exchange,
  dn: string,
  first: Piece,
  size: number,
): Promise<string[]> {
  const values = [...first.values];
  for (let next = first.next; next !== undefined;) {
    const raw = await exchange.readDn(dn, [rangeOf(first.attribute, next, size)]);
    const answered = raw && pieces(raw).filter(({ piece }) => piece.values.length > 0);
    const [more] = answered ?? [];
    // Members may leave while they are read; an entry that is gone by now is not shown in part.
    if (!raw) {
      throw new ConnectorError('unavailable', `${dn} went away or was renamed while it was read.`);
    }
    for (const value of more?.piece.values ?? []) values.push(value);
    next = more?.piece.next;
  }
  return values;
}
