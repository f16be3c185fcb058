/**
 * How names and values have to stand in the tables so that FreeRADIUS reads back what was meant.
 *
 * rlm_sql runs a value in back-quotes as a command, takes one pair of quotes off, and undoes backslash escapes; a lone
 * backslash at the end gets the user rejected. A name is looked up escaped. All of it was measured on FreeRADIUS 3.2.
 */
import type { EntryKind } from '../../spi';
import type { RowRule } from '../profile';
import { MAX_BYTES, refuse } from '../text';

/**
 * A name as the stock queries ask for it: every unsafe character as =XX, and in a user name, which comes out of the
 * request, quotes and backslashes are escaped before that.
 */
export function encodeName(kind: EntryKind, name: string, safe: string): string {
  const escaped = kind === 'user' ? name.replace(/[\\"]/g, '\\$&') : name;
  return [...escaped]
    .map((character) => {
      const code = character.charCodeAt(0);
      if (code > 127 || safe.includes(character)) return character;
      return `=${code.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

/** The name behind a stored one. */
export function decodeName(kind: EntryKind, stored: string): string {
  const escaped = stored.replace(/=([0-9A-F]{2})/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return kind === 'user' ? escaped.replace(/\\([\\"])/g, '$1') : escaped;
}

function isQuoted(value: string): boolean {
  return /^['"`]/.test(value);
}

/** A value that comes out of FreeRADIUS letter by letter. */
export function encodeValue(value: string): string {
  const escaped = value.replaceAll('\\', '\\\\');
  return isQuoted(value) ? `"${escaped.replaceAll('"', '\\"')}"` : escaped;
}

/** The value behind a stored one; one that FreeRADIUS would run as a command stays as it is. */
export function decodeValue(stored: string): string {
  const quote = stored[0];
  const isWrapped = stored.length > 1 && (quote === '"' || quote === "'") && stored.endsWith(quote);
  const inner = isWrapped ? stored.slice(1, -1) : stored;
  return inner.replace(/\\([\\"'])/g, '$1');
}

/** The quotes put around a value take their place in FreeRADIUS's buffer. */
export const quoteRule: RowRule = (_kind, name, _place, { value }) => {
  if (isQuoted(value) && Buffer.byteLength(value) >= MAX_BYTES) {
    refuse(name, `starts with a quote and is longer than ${MAX_BYTES - 1} bytes`);
  }
};
