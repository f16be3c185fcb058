/** Which texts are filters and paths: what clients send, or what RFC 7644 section 3.4.2.2 has, figure 1. */
import { type Literal } from './ast';
import { readJsonLiteral, readLiteral } from './literal';

export interface Grammar {
  /** The literal a word without quotes stands for; undefined: it is none. */
  literal(word: string): Literal | undefined;
  /** Whether `emails[type eq "work"].value eq "x"` is a filter. */
  readonly filteredSubAttributes: boolean;
}

/** `userName eq kit` and `active eq True` as well, and what Entra asks about e-mails of a type. */
export const EXTENDED_GRAMMAR: Grammar = { literal: readLiteral, filteredSubAttributes: true };

export const RFC_GRAMMAR: Grammar = { literal: readJsonLiteral, filteredSubAttributes: false };
