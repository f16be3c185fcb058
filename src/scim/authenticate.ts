/** Who is calling: a sync rule, by its secret token (requirements B1). */
import { type IncomingHttpHeaders } from 'node:http';
import { type RuleCredential } from '../domain/credential';
import { DomainError } from '../domain/error';
import { hashToken } from '../domain/secret-token';
import { type SyncRule } from '../domain/sync-rule';

/** Answers the rule a request belongs to, and by which credential; throws `unauthorized` or, for a disabled rule, `forbidden`. */
export type ScimAuthenticator = (headers: IncomingHttpHeaders) => Promise<CredentialedRule>;

export interface CredentialedRule {
  readonly rule: SyncRule;
  readonly credential: RuleCredential;
}

/** Finds a rule by the SHA-256 of its token; may answer from a cache. */
export type FindRule = (hash: string) => Promise<CredentialedRule | undefined>;

interface Presented {
  readonly token: string;
  /** The user name of HTTP Basic. */
  readonly userName?: string;
}

/** Longer than any header that makes sense; nothing beyond it is hashed. */
const MAX_HEADER_LENGTH = 4096;

export function createScimAuthenticator(findRule: FindRule): ScimAuthenticator {
  return async (headers) => {
    const presented = presentedToken(headers.authorization);
    const found = presented && (await findRule(hashToken(presented.token)));
    // One answer for every cause, so that it does not tell a wrong token from an expired one.
    if (presented === undefined || found === undefined || !isValid(found.credential, presented)) {
      throw new DomainError(
        'unauthorized',
        'Send the sync rule\'s secret token as "Authorization: Bearer <token>", or as the password of HTTP Basic with the rule\'s key as user name.',
      );
    }
    if (!found.rule.enabled || found.rule.deletion !== undefined) {
      throw new DomainError(
        'forbidden',
        'This sync rule is disabled. An administrator of Usher can enable it again.',
      );
    }
    return found;
  };
}

function isValid({ expiresAt, basicKey }: RuleCredential, { userName }: Presented): boolean {
  const expired = expiresAt !== undefined && expiresAt.getTime() <= Date.now();
  return !expired && (userName === undefined || userName === basicKey);
}

/** `Bearer <token>`, `Basic <base64>`, another scheme with the token, or the token alone (rule 36 of docs/scim.md). */
function presentedToken(authorization: string | undefined): Presented | undefined {
  const header = authorization?.trim() ?? '';
  if (header === '' || header.length > MAX_HEADER_LENGTH) return undefined;
  const blank = header.search(/\s/);
  if (blank < 0) return { token: header };
  const credentials = header.slice(blank).trim();
  return header.slice(0, blank).toLowerCase() === 'basic'
    ? basic(credentials)
    : { token: credentials };
}

function basic(credentials: string): Presented | undefined {
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 0) return undefined;
  return { userName: pair.slice(0, colon), token: pair.slice(colon + 1) };
}
