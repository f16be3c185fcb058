/** Text in, text out: the value-wise part of the mapping language. Everything here is linear in its input. */
import { createHash } from 'node:crypto';

/** RFC 4648 section 6, in lower case. */
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** The first characters of the SHA-256 of the text in base32, which has 52: the same wherever it is made. */
export function hash(text: string, length: number): string {
  let bits = 0n;
  for (const byte of createHash('sha256').update(text, 'utf8').digest()) {
    bits = bits * 256n + BigInt(byte);
  }
  // 256 bits and four of padding are 52 digits of five bits.
  bits *= 16n;
  let digits = '';
  for (let digit = 0; digit < 52; digit += 1) {
    digits = BASE32.charAt(Number(bits % 32n)) + digits;
    bits /= 32n;
  }
  return digits.slice(0, length);
}

/** What comes before the last `@`; all of it when there is none. */
export function localPart(text: string): string {
  const at = text.lastIndexOf('@');
  return at < 0 ? text : text.slice(0, at);
}

/** What comes after the last `@`; nothing when there is none. */
export function domainPart(text: string): string {
  const at = text.lastIndexOf('@');
  return at < 0 ? '' : text.slice(at + 1);
}

/** The n-th part between separators; negative numbers count from the end. */
export function part(text: string, separator: string, index: number): string {
  return text.split(separator).at(index) ?? '';
}

/** A run of characters (code points, so that no pair is torn); a negative start counts from the end. */
export function characters(text: string, start: number, length: number): string {
  const all = Array.from(text);
  const from = start < 0 ? Math.max(0, all.length + start) : start;
  return all.slice(from, from + length).join('');
}

/** The digits 0 to 9. */
export function digits(text: string): string {
  let result = '';
  for (const char of text) {
    if (char >= '0' && char <= '9') result += char;
  }
  return result;
}

/** Letters that have no decomposition, and how they are written without them. */
const PLAIN: ReadonlyMap<string, string> = new Map([
  ['ß', 'ss'],
  ['ẞ', 'SS'],
  ['æ', 'ae'],
  ['Æ', 'AE'],
  ['œ', 'oe'],
  ['Œ', 'OE'],
  ['ø', 'o'],
  ['Ø', 'O'],
  ['đ', 'd'],
  ['Đ', 'D'],
  ['ð', 'd'],
  ['Ð', 'D'],
  ['ħ', 'h'],
  ['Ħ', 'H'],
  ['ı', 'i'],
  ['ł', 'l'],
  ['Ł', 'L'],
  ['ŋ', 'n'],
  ['Ŋ', 'N'],
  ['ŧ', 't'],
  ['Ŧ', 'T'],
  ['þ', 'th'],
  ['Þ', 'Th'],
  ['‐', '-'],
  ['–', '-'],
  ['—', '-'],
  ['‘', "'"],
  ['’', "'"],
  ['“', '"'],
  ['”', '"'],
]);

/** Without diacritics; whatever has no ASCII form is left out. */
export function ascii(text: string): string {
  let result = '';
  for (const char of text.normalize('NFKD')) {
    result += char <= '\u007f' ? char : (PLAIN.get(char) ?? '');
  }
  return result;
}
