/** Filters and paths cut into tokens (RFC 7644 section 3.4.2.2), in one pass over the text. */
import { DomainError } from '../error';

/** Longest text of a filter or path. */
export const MAX_LENGTH = 8192;

export type Token =
  | { readonly type: '(' | ')' | '[' | ']' | 'end'; readonly position: number }
  /** Everything that is not white space, a bracket or a quoted string: names, operators, bare literals. */
  | { readonly type: 'word'; readonly position: number; readonly text: string }
  | { readonly type: 'string'; readonly position: number; readonly value: string };

/** Which text is being read: its errors carry the scimType of RFC 7644 section 3.12 that belongs to it. */
export type Source = 'invalidFilter' | 'invalidPath';

const WORD = /[^\s()[\]"]+/y;
const SPACE = /\s+/y;
/** NUL and lone surrogates cannot be stored, so nothing can be equal to them either. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** An error that names the place (counted from 1) and what was expected there. */
export function syntaxError(source: Source, position: number, problem: string): DomainError {
  const what = source === 'invalidFilter' ? 'filter' : 'path';
  return new DomainError(
    source,
    `The ${what} is not valid at position ${String(position + 1)}: ${problem}.`,
  );
}

export function tokenize(text: string, source: Source): readonly Token[] {
  if (text.length > MAX_LENGTH) {
    throw syntaxError(source, MAX_LENGTH, `it is longer than ${String(MAX_LENGTH)} characters`);
  }
  const tokens: Token[] = [];
  let position = 0;
  while (position < text.length) {
    const character = text.charAt(position);
    if (character === '(' || character === ')' || character === '[' || character === ']') {
      tokens.push({ type: character, position });
      position += 1;
    } else if (character === '"') {
      const end = endOfString(text, position, source);
      tokens.push({ type: 'string', position, value: unquote(text, position, end, source) });
      position = end;
    } else {
      position = wordOrSpace(text, position, tokens);
    }
  }
  tokens.push({ type: 'end', position });
  return tokens;
}

function wordOrSpace(text: string, position: number, tokens: Token[]): number {
  SPACE.lastIndex = position;
  if (SPACE.test(text)) return SPACE.lastIndex;
  WORD.lastIndex = position;
  WORD.test(text);
  tokens.push({ type: 'word', position, text: text.slice(position, WORD.lastIndex) });
  return WORD.lastIndex;
}

/** The index after the closing quote. */
function endOfString(text: string, start: number, source: Source): number {
  let position = start + 1;
  while (position < text.length) {
    const character = text.charAt(position);
    if (character === '"') return position + 1;
    position += character === '\\' ? 2 : 1;
  }
  throw syntaxError(source, start, 'the quoted string has no closing quote');
}

/** Quoted strings are JSON strings, escapes included (RFC 7644 section 3.4.2.2). */
function unquote(text: string, start: number, end: number, source: Source): string {
  let value: unknown;
  try {
    value = JSON.parse(text.slice(start, end));
  } catch {
    throw syntaxError(source, start, 'the quoted string is not a valid JSON string');
  }
  if (typeof value !== 'string' || UNSTORABLE.test(value)) {
    throw syntaxError(source, start, 'the quoted string has NUL or unpaired surrogate characters');
  }
  return value;
}
