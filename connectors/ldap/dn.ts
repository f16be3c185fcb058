/** Distinguished names: written, read and compared by RFC 4514. The library's own escaper is not used. */
import { ConnectorError } from '../spi';

/** One `type=value` of a relative distinguished name, unescaped. */
export interface AttributeValueAssertion {
  readonly type: string;
  readonly value: string;
}

/** A relative distinguished name: nearly always one assertion, several when joined by `+`. */
export type Rdn = readonly AttributeValueAssertion[];

/** RFC 4512 section 1.4: a descriptor or a dotted OID, options allowed. */
const ATTRIBUTE_DESCRIPTION = /^(?:[a-z][a-z0-9-]*|\d+(?:\.\d+)+)(?:;[a-z0-9-]+)*$/i;

/** Whether the text may stand where LDAP wants an attribute description. */
export function isAttributeDescription(text: string): boolean {
  return ATTRIBUTE_DESCRIPTION.test(text);
}

function hex(character: string): string {
  return [...Buffer.from(character)]
    .map((byte) => `\\${byte.toString(16).padStart(2, '0')}`)
    .join('');
}

/**
 * RFC 4514 section 2.4, with hex pairs for everything special: a backslash before the character itself would be legal
 * too, but the library cuts a new RDN at `[^\\],` and so mistakes values that end in a backslash.
 */
export function escapeValue(value: string): string {
  return value
    .replace(/["+,;<>\\=\u0000-\u001f\u007f]/g, hex) // eslint-disable-line no-control-regex
    .replace(/^[# ]/, hex)
    .replace(/ $/, hex);
}

/** Some servers take names of any length, and nobody downstream does. */
const LONGEST_RDN = 4_096;

/** Writes `type=value`; a value that cannot name an entry is `invalid`. */
export function formatRdn(type: string, value: string | undefined): string {
  if (value === undefined || value.trim() === '') {
    throw new ConnectorError('invalid', `${type} is empty, and it names the entry.`, {
      attribute: type,
    });
  }
  if (value.includes('\0')) {
    throw new ConnectorError('invalid', `${type} contains a NUL character: no name for an entry.`, {
      attribute: type,
    });
  }
  refuseHalfCharacters(type, value);
  const rdn = `${type}=${escapeValue(value)}`;
  if (rdn.length > LONGEST_RDN) {
    throw new ConnectorError('invalid', `${type} is too long to name an entry.`, {
      attribute: type,
    });
  }
  return rdn;
}

/** An unpaired surrogate has no form in UTF-8: it would be written as another character. */
export function refuseHalfCharacters(attribute: string, value: string): void {
  if (!/\p{Surrogate}/u.test(value)) return;
  const message = `${attribute} contains half a character (an unpaired surrogate).`;
  throw new ConnectorError('invalid', message, { attribute });
}

/** Splits at unescaped separators. Quotes (RFC 1779) are not understood: parsing refuses them. */
function split(text: string, separator: RegExp): string[] {
  const parts: string[] = [];
  let part = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (character === '\\') {
      part += character + text.charAt(index + 1);
      index += 1;
    } else if (separator.test(character)) {
      parts.push(part);
      part = '';
    } else {
      part += character;
    }
  }
  return [...parts, part];
}

function unescapeValue(text: string): string {
  // Hex pairs are bytes of UTF-8, so that runs of them are decoded together.
  return text.replace(/(?:\\[0-9a-f]{2})+|\\(.)/gis, (run: string, literal: string | undefined) =>
    literal === undefined ? Buffer.from(run.replaceAll('\\', ''), 'hex').toString('utf8') : literal,
  );
}

/**
 * RFC 4514 section 3: what may stand in a value as it is, and the pairs that a backslash begins; Samba writes a question
 * mark as such a pair too.
 */
const VALUE = /^(?:[^\\"<>]|\\(?:[0-9a-f]{2}|[ "#+,;<=>?\\]))*$/i;

/** Removes the spaces around a value that are not escaped (old clients write `a=b, c=d`). */
function trimUnescaped(text: string): string {
  return text.replace(/^ +/, '').replace(/^((?:\\.|[^\\])*?) +$/s, '$1');
}

function parseAssertion(text: string): AttributeValueAssertion {
  const equals = text.indexOf('=');
  const type = text.slice(0, Math.max(equals, 0)).trim();
  const value = trimUnescaped(text.slice(equals + 1));
  if (!isAttributeDescription(type) || !VALUE.test(value)) {
    throw new SyntaxError(`"${text.trim()}" is not an attribute and its value`);
  }
  return { type, value: unescapeValue(value) };
}

/** The names from the entry up to the root; throws a `SyntaxError` for what is no DN. */
export function parseDn(dn: string): readonly Rdn[] {
  if (dn.trim() === '') return [];
  return split(dn, /[,;]/).map((rdn) => split(rdn, /\+/).map(parseAssertion));
}

/** Whether the text is a DN of at least one RDN. */
export function isDn(text: string): boolean {
  try {
    return parseDn(text).length > 0;
  } catch {
    return false;
  }
}

/** RFC 4518 in short: case and runs of spaces do not tell values apart. */
function foldValue(value: string): string {
  return value.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();
}

/** One text for all spellings of a DN; for comparing, not for sending. What is no DN is only folded. */
export function normalizeDn(dn: string): string {
  let rdns: readonly Rdn[];
  try {
    rdns = parseDn(dn);
  } catch {
    return foldValue(dn);
  }
  return rdns
    .map((rdn) =>
      rdn
        .map(({ type, value }) => `${type.toLowerCase()}=${escapeValue(foldValue(value))}`)
        .sort()
        .join('+'),
    )
    .join(',');
}

/** Whether both spell the same name. */
export function sameDn(one: string, other: string): boolean {
  return one === other || normalizeDn(one) === normalizeDn(other);
}

/** The name of the entry above, as it stands in the DN. */
export function parentDn(dn: string): string {
  const [first = ''] = split(dn, /[,;]/);
  return dn.slice(first.length + 1).trimStart();
}

/** The value by which the entry is named, when that attribute is in its RDN. */
export function namingValue(dn: string, type: string): string | undefined {
  const [first = []] = isDn(dn) ? parseDn(dn) : [];
  return first.find((one) => one.type.toLowerCase() === type.toLowerCase())?.value;
}

/** Whether the DN is the base or below it. */
export function isWithin(dn: string, base: string): boolean {
  const [name, above] = [normalizeDn(dn), normalizeDn(base)];
  return name === above || name.endsWith(`,${above}`);
}
