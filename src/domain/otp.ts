/** Which one-time password method of a rule's list a user can use (requirement A4). */
import { type OtpMethod } from './rule-values';

/** What a token is; the pool of a rule has some of each. */
export const TOKEN_KINDS = ['HARDWARE', 'MOBILE'] as const;

export type TokenKind = (typeof TOKEN_KINDS)[number];

/** What was decided for a user, as it is stored with it. */
export interface OtpChoice {
  /** Absent: none of the list fits, see {@link missing}. */
  readonly method?: OtpMethod;
  /** No method fits; a field of its own, so that an index finds such users. */
  readonly missing?: true;
  /** The serial number of the user's token. */
  readonly tokenSerial?: string;
  /** Kinds of tokens that were out when they would have been preferred; absent: none. */
  readonly waitingFor?: readonly TokenKind[];
}

/** How a user can be reached. */
export interface Reachable {
  readonly email: string | undefined;
  readonly mobile: string | undefined;
}

const TOKEN_METHODS: Readonly<Partial<Record<OtpMethod, TokenKind>>> = {
  FTC_HARDWARE: 'HARDWARE',
  FTC_MOBILE: 'MOBILE',
};

/** The kind of token that a method takes; most take none. */
export function tokenKindOf(method: OtpMethod): TokenKind | undefined {
  return TOKEN_METHODS[method];
}

/** Whether a method that takes no token suits the user. FortiToken Cloud itself chooses for `FTC_DEFAULT`. */
export function suits(method: OtpMethod, { email, mobile }: Reachable): boolean {
  switch (method) {
    case 'EMAIL':
    case 'FTC_EMAIL':
      return isEmail(email);
    case 'SMS':
    case 'FTC_SMS':
      return isTelephoneNumber(mobile);
    case 'DUAL':
      return isEmail(email) && isTelephoneNumber(mobile);
    case 'FTC_DEFAULT':
    case 'NONE':
      return true;
    case 'FTC_HARDWARE':
    case 'FTC_MOBILE':
      return false;
  }
}

/** RFC 5321 section 4.5.3.1 allows no longer ones. What is behind the `@` is for the mail server to judge. */
const LONGEST_EMAIL = 254;

export function isEmail(value: string | undefined): boolean {
  return (
    value !== undefined && value.length <= LONGEST_EMAIL && /^[^\s@]+@[^\s@.][^\s@]*$/.test(value)
  );
}

/** As people write them; the shortest that can be sent to have five digits. */
function isTelephoneNumber(value: string | undefined): boolean {
  return value !== undefined && (value.match(/\d/g)?.length ?? 0) >= 5;
}
