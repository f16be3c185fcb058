/** Secrets that Usher hands out: 256 random bits behind a prefix that scanners recognise (design 6). */
import { createHash, randomBytes } from 'node:crypto';

/** `usher_scim_`: a rule's secret token. `usher_admin_`: an administrator's API key. */
export type TokenKind = 'scim' | 'admin';

export interface SecretToken {
  /** Shown to its owner once. */
  readonly token: string;
  /** SHA-256 in hex: all that is kept. The token has 256 bits of entropy, so no salt or slow hash is needed. */
  readonly hash: string;
  /** The last four characters. */
  readonly hint: string;
}

export function newSecretToken(kind: TokenKind): SecretToken {
  return describeToken(`usher_${kind}_${randomBytes(32).toString('base64url')}`);
}

/** Hash and hint of a given token, for keys that an administrator chose. */
export function describeToken(token: string): SecretToken {
  return { token, hash: hashToken(token), hint: token.slice(-4) };
}

/**
 * What a presented token is looked up by. Looking up a hash reveals nothing about the stored one through timing, so no
 * further constant-time comparison is needed.
 */
export function hashToken(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}
