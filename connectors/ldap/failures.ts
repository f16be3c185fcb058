/** LDAP result codes and broken connections, in the words of the connector interface. */
import { ResultCodeError } from 'ldapts';
import { ConnectorError, type FailureKind } from '../spi';
import { type VendorProfile } from './vendor/profile';

/** The result codes (RFC 4511 appendix A) that somebody here asks for by name. */
export const RESULT = {
  sizeLimitExceeded: 4,
  referral: 10,
  noSuchAttribute: 16,
  undefinedAttributeType: 17,
  inappropriateMatching: 18,
  constraintViolation: 19,
  attributeOrValueExists: 20,
  noSuchObject: 32,
  invalidDNSyntax: 34,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  unwillingToPerform: 53,
  namingViolation: 64,
  objectClassViolation: 65,
  notAllowedOnRDN: 67,
  entryAlreadyExists: 68,
  other: 80,
  assertionFailed: 122,
} as const;

const CODES: Readonly<Record<number, readonly [FailureKind, string]>> = {
  1: ['unavailable', 'operationsError'],
  2: ['invalid', 'protocolError'],
  3: ['timeout', 'timeLimitExceeded'],
  4: ['permission', 'sizeLimitExceeded: raise the limit for the bind DN'],
  7: ['permission', 'authMethodNotSupported'],
  8: ['permission', 'strongerAuthRequired: use ldaps:// or startTls'],
  10: ['invalid', 'referral: this server does not hold the base, name the one that does'],
  11: ['permission', 'adminLimitExceeded'],
  12: ['unsupported', 'unavailableCriticalExtension'],
  13: ['permission', 'confidentialityRequired: use ldaps:// or startTls'],
  16: ['invalid', 'noSuchAttribute'],
  17: ['invalid', 'undefinedAttributeType: the schema does not know the attribute'],
  18: ['invalid', 'inappropriateMatching'],
  19: ['invalid', 'constraintViolation'],
  20: ['invalid', 'attributeOrValueExists'],
  21: ['invalid', 'invalidAttributeSyntax'],
  32: ['notFound', 'noSuchObject'],
  33: ['invalid', 'aliasProblem'],
  34: ['invalid', 'invalidDNSyntax'],
  36: ['invalid', 'aliasDereferencingProblem'],
  48: ['permission', 'inappropriateAuthentication'],
  49: ['permission', 'invalidCredentials: wrong bind DN or password'],
  50: ['permission', 'insufficientAccessRights: the bind DN may not do this'],
  51: ['throttled', 'busy'],
  52: ['unavailable', 'unavailable'],
  53: ['permission', 'unwillingToPerform'],
  54: ['invalid', 'loopDetect'],
  64: ['invalid', 'namingViolation'],
  65: ['invalid', 'objectClassViolation'],
  66: ['conflict', 'notAllowedOnNonLeaf: there are entries below it'],
  67: ['invalid', 'notAllowedOnRDN'],
  68: ['conflict', 'entryAlreadyExists: the name is taken'],
  69: ['invalid', 'objectClassModsProhibited'],
  70: ['permission', 'resultsTooLarge'],
  71: ['unsupported', 'affectsMultipleDSAs'],
  80: ['unavailable', 'other'],
  112: ['unsupported', 'TLS is not supported'],
  122: ['unavailable', 'assertionFailed'],
};

/** Whether the directory answered with one of these result codes. */
export function hasCode(error: unknown, ...codes: readonly number[]): boolean {
  return error instanceof ResultCodeError && codes.includes(error.code);
}

/** What OpenLDAP and 389 Directory Server say, with "unwillingToPerform", when the server or the database is read-only. */
const READ_ONLY = /operation restricted|shadow context|read[- ]only/i;

/**
 * Whether a write was refused because this server takes none now: it is being maintained, or it is a replica. A replica may
 * also refer to its master (RFC 4511 section 4.1.10); with one server that is a mistake in the settings.
 */
export function isReadOnly(error: unknown, severalServers: boolean): boolean {
  if (severalServers && hasCode(error, RESULT.referral)) return true;
  return (
    error instanceof ResultCodeError &&
    error.code === RESULT.unwillingToPerform &&
    READ_ONLY.test(diagnostic(error))
  );
}

/** The connection broke or was given up before an answer came. Never leaves this folder. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';

  constructor(
    message: string,
    /** Whether the request may have reached the directory. */
    readonly sent: boolean,
    readonly reason: 'broken' | 'timeout' | 'aborted',
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

/** What an error says; errors of the platform need not be instances of this program's `Error`. */
export function messageOf(error: unknown): string {
  return typeof error === 'object' && error && 'message' in error
    ? String(error.message)
    : String(error);
}

/** The server's own words, without what the library hangs on. */
export function diagnostic(error: ResultCodeError): string {
  return error.message.replace(/\s*Code: 0x[0-9a-f]+$/i, '').trim();
}

/** OpenLDAP and 389 Directory Server name the attribute in the diagnostic message. */
export function attributeAtFault(message: string): string | undefined {
  const quoted = /attribute ['"]([\w.;-]+)['"]/.exec(message);
  const leading = /^(?:modify\/\w+: )?([a-z][\w.;-]*): /i.exec(message);
  return quoted?.[1] ?? leading?.[1];
}

/** What was being done when it failed. */
export interface Attempt {
  /** Completes "could not ...": `create the user`. */
  readonly action: string;
  /** Set when the attempt writes. */
  readonly write?: boolean;
  /** Set when an earlier step of the same call has already changed the directory. */
  readonly partlyDone?: boolean;
  /** The vendor's reading of diagnostic messages. */
  readonly explain?: VendorProfile['explain'];
}

function attributeOption(attribute: string | undefined): { attribute?: string } {
  return attribute === undefined ? {} : { attribute };
}

/**
 * A refused name, as a failure of the attribute it came from. OpenLDAP answers "other" when a name does not fit into its
 * database key.
 */
export function nameFailure(error: unknown, attribute: string, rdn: string): unknown {
  const long = Buffer.byteLength(rdn) > 200;
  if (hasCode(error, RESULT.other) && long) {
    const message = `The directory cannot name an entry by so long a ${attribute}.`;
    return new ConnectorError('invalid', message, { attribute, cause: error });
  }
  if (hasCode(error, RESULT.invalidDNSyntax, RESULT.namingViolation)) {
    const words = error instanceof ResultCodeError ? diagnostic(error) : '';
    const message = `The directory takes no entry of the name ${rdn}: ${words || 'wrong syntax'}.`;
    return new ConnectorError('invalid', message, { attribute, cause: error });
  }
  return error;
}

/** What OpenLDAP's and 389 Directory Server's overlays for unique attributes say, with "constraintViolation". */
const NOT_UNIQUE =
  /attributes not unique|non-unique attributes|same attribute value already exists/i;

/** Kinds that say of themselves that it is to be tried again. */
const PASSING: ReadonlySet<FailureKind> = new Set(['unavailable', 'timeout', 'throttled']);

function meaningOf(code: number, words: string): readonly [FailureKind, string] {
  if (code === RESULT.constraintViolation && NOT_UNIQUE.test(words)) {
    return ['conflict', 'another entry has that value'];
  }
  return CODES[code] ?? ['invalid', `result code ${code}`];
}

function fromResult(error: ResultCodeError, attempt: Attempt): ConnectorError {
  const words = diagnostic(error);
  const said = attempt.explain?.(words, error.code);
  const [known, general] = meaningOf(error.code, words);
  const [kind, meaning] = [said?.kind ?? known, said?.meaning ?? general];
  const reason = words === '' ? meaning : `${words} (${meaning})`;
  return new ConnectorError(kind, `The directory refused to ${attempt.action}: ${reason}.`, {
    outcome: attempt.partlyDone ? 'unknown' : 'none',
    ...attributeOption(said?.attribute ?? attributeAtFault(words)),
    cause: error,
  });
}

/** The server took the connection and not who signs in. */
export class SignInRefused extends ConnectorError {}

/** What the directory says of a sign-in concerns all that is written to it: nothing is given up for it. */
export function signInFailure(error: unknown, attempt: Attempt): ConnectorError {
  const failure = toConnectorError(error, attempt);
  if (!(error instanceof ResultCodeError) || PASSING.has(failure.kind)) return failure;
  return new SignInRefused('unavailable', failure.message, { cause: error });
}

/** Puts any failure into the one error that may leave the connector. */
export function toConnectorError(error: unknown, attempt: Attempt): ConnectorError {
  if (error instanceof ResultCodeError) return fromResult(error, attempt);
  if (error instanceof ConnectionLost) {
    const outcome = attempt.partlyDone || (attempt.write && error.sent) ? 'unknown' : 'none';
    const kind = error.reason === 'broken' ? 'unavailable' : 'timeout';
    return new ConnectorError(kind, `Could not ${attempt.action}: ${error.message}.`, {
      outcome,
      cause: error,
    });
  }
  if (error instanceof ConnectorError) {
    if (!attempt.partlyDone || error.outcome === 'unknown') return error;
    const { kind, message, attribute, cause } = error;
    const options = { outcome: 'unknown', cause, ...attributeOption(attribute) } as const;
    return new ConnectorError(kind, message, options);
  }
  return new ConnectorError('invalid', `Could not ${attempt.action}: ${messageOf(error)}`, {
    outcome: attempt.write ? 'unknown' : 'none',
    cause: error,
  });
}

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody answers there',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ECONNRESET: 'the connection was reset; is it the right port for this kind of encryption',
  ETIMEDOUT: 'the host does not answer',
};

const CERTIFICATE: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name; see serverName',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'its certificate is not trusted; give its authority in caCertificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted; give its authority in caCertificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate is not trusted; give its authority in caCertificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate is not trusted; give its authority in caCertificate',
};

/** Why no connection could be opened, for people. */
export function connectFailure(server: string, error: unknown): ConnectorError {
  const code = typeof error === 'object' && error && 'code' in error ? String(error.code) : '';
  const reason = NETWORK[code] ?? CERTIFICATE[code] ?? messageOf(error);
  return new ConnectorError('unavailable', `Could not connect to ${server}: ${reason}.`, {
    cause: error,
  });
}
