import { CommandError, notImplemented } from '../errors';

/** Far below what the engine can compile, and MongoDB refuses longer ones too. */
const MAX_PATTERN_LENGTH = 16_384;

/** A regular expression that is only literal text, optionally anchored. It cannot backtrack. */
export interface LiteralPattern {
  readonly source: string;
  readonly options: string;
  readonly text: string;
  readonly anchoredStart: boolean;
  readonly anchoredEnd: boolean;
  readonly ignoreCase: boolean;
  test(value: string): boolean;
}

const META = new Set('\\^$.|?*+()[]{}');

function refuse(source: string): Error {
  return notImplemented(
    `the regular expression /${source}/ (only literal text with optional ^ and $ anchors is, and only option i)`,
  );
}

/** Reads the literal text of a pattern body; escapes are allowed before punctuation only. */
function literalText(body: string, source: string): string {
  let text = '';
  for (let at = 0; at < body.length; at += 1) {
    let character = body.charAt(at);
    if (character === '\\') {
      at += 1;
      character = body.charAt(at);
      if (character === '' || /[A-Za-z0-9]/.test(character)) throw refuse(source);
    } else if (META.has(character)) {
      throw refuse(source);
    }
    text += character;
  }
  return text;
}

/** True when the last character is a `$` that is not escaped. */
function endsWithAnchor(body: string): boolean {
  if (!body.endsWith('$')) return false;
  const escapes = /\\*$/.exec(body.slice(0, -1))?.[0].length ?? 0;
  return escapes % 2 === 0;
}

function matcher(
  text: string,
  start: boolean,
  end: boolean,
  ignoreCase: boolean,
): (value: string) => boolean {
  if (ignoreCase) {
    const escaped = text.replace(/[\\^$.|?*+()[\]{}/]/g, '\\$&');
    const expression = new RegExp(`${start ? '^' : ''}${escaped}${end ? '\\n?$' : ''}`, 'iu');
    return (value) => expression.test(value);
  }
  // In MongoDB's dialect `$` also matches before a newline that ends the text.
  if (start && end) return (value) => value === text || value === `${text}\n`;
  if (start) return (value) => value.startsWith(text);
  if (end) return (value) => value.endsWith(text) || value.endsWith(`${text}\n`);
  return (value) => value.includes(text);
}

/** Accepts a pattern when it is literal and refuses every other one. */
export function parseLiteralPattern(source: string, options: string): LiteralPattern {
  if (source.length > MAX_PATTERN_LENGTH) {
    throw new CommandError(51091, 'Regular expression is invalid: it is too large');
  }
  if (options !== '' && options !== 'i') throw refuse(source);
  const anchoredStart = source.startsWith('^');
  const afterStart = anchoredStart ? source.slice(1) : source;
  const anchoredEnd = endsWithAnchor(afterStart);
  const text = literalText(anchoredEnd ? afterStart.slice(0, -1) : afterStart, source);
  const ignoreCase = options === 'i';
  return {
    source,
    options,
    text,
    anchoredStart,
    anchoredEnd,
    ignoreCase,
    test: matcher(text, anchoredStart, anchoredEnd, ignoreCase),
  };
}
