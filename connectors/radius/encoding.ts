/**
 * How names and values have to stand in the tables so that FreeRADIUS reads back what was meant.
 *
 * rlm_sql runs a value in back-quotes as a command, takes one pair of quotes off, and undoes backslash escapes; a lone
 * backslash at the end gets the user rejected. A name is looked up escaped. All of it was measured on FreeRADIUS 3.2.
 */
import { ConnectorError, type EntryKind } from '../spi';

/** The longest attribute value of RFC 2865, and with it the longest name, in bytes. */
export const MAX_BYTES = 253;

// eslint-disable-next-line no-control-regex -- these are the very characters to refuse
const CONTROL = /[\u0000-\u001f\u007f-\u009f]|\p{Surrogate}/u;

function refuse(attribute: string, message: string): never {
  throw new ConnectorError('invalid', `${attribute} ${message}`, { attribute });
}

function checkText(attribute: string, text: string): void {
  if (CONTROL.test(text)) refuse(attribute, 'has a control character, which RADIUS cannot carry');
  if (Buffer.byteLength(text) > MAX_BYTES) refuse(attribute, `is longer than ${MAX_BYTES} bytes`);
}

/** Checks the name of an entry. `DEFAULT` is the user entry that matches everybody in FreeRADIUS. */
export function checkName(kind: EntryKind, attribute: string, name: string): void {
  if (name === '') refuse(attribute, 'is empty');
  if (kind === 'user' && name === 'DEFAULT') {
    refuse(attribute, 'must not be DEFAULT: FreeRADIUS takes that name for every user');
  }
  checkText(attribute, name);
}

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

/** A value that comes out of FreeRADIUS letter by letter. */
export function encodeValue(attribute: string, value: string): string {
  checkText(attribute, value);
  const escaped = value.replaceAll('\\', '\\\\');
  if (!/^['"`]/.test(value)) return escaped;
  // The quotes take their place in FreeRADIUS's buffer.
  if (Buffer.byteLength(value) >= MAX_BYTES) {
    refuse(attribute, `starts with a quote and is longer than ${MAX_BYTES - 1} bytes`);
  }
  return `"${escaped.replaceAll('"', '\\"')}"`;
}

/** The value behind a stored one; one that FreeRADIUS would run as a command stays as it is. */
export function decodeValue(stored: string): string {
  const quote = stored[0];
  const isQuoted = stored.length > 1 && (quote === '"' || quote === "'") && stored.endsWith(quote);
  const inner = isQuoted ? stored.slice(1, -1) : stored;
  return inner.replace(/\\([\\"'])/g, '$1');
}
