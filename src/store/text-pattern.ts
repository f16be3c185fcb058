/** Text from outside as a pattern that matches it literally: nobody can write a regular expression of their own. */

export function literalPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** Matches what begins with the text; an index serves it. */
export function beginningWith(text: string): RegExp {
  return new RegExp(`^${literalPattern(text)}`);
}
