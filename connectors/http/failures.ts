/** What the service's refusals mean. Its own words are somebody else's: shortened, and the secret taken out. */
import { ConnectorError, type FailureKind } from '../spi';
import { NAME } from './entry';
import { type Answer } from './transport';

/** What decides how an answer is understood. */
export interface Circumstances {
  readonly host: string;
  readonly secret: string;
  readonly writes: boolean;
}

/** What is not here is `unavailable` from 500 on and `invalid` below. */
const MEANING: Readonly<Record<number, FailureKind>> = {
  403: 'permission',
  405: 'unsupported',
  406: 'unsupported',
  408: 'unavailable',
  409: 'conflict',
  415: 'unsupported',
  421: 'unavailable',
  425: 'unavailable',
  426: 'unsupported',
  429: 'throttled',
  501: 'unsupported',
};

/** The service knows not who asks: that concerns every entry, and is none's fault. */
export class SecretRefused extends ConnectorError {}

const WORDS: Readonly<Record<FailureKind, string>> = {
  unavailable: 'failed',
  timeout: 'took too long',
  throttled: 'asks for a pause',
  invalid: 'refused the entry',
  conflict: 'says that the name is taken',
  permission: 'denies the right',
  unsupported: 'does not offer this request',
  notFound: 'has no such entry',
};

const LONGEST_MESSAGE = 200;
const LONGEST_PAUSE_MS = 3_600_000;

interface Problem {
  readonly error?: unknown;
  readonly message?: unknown;
  readonly attribute?: unknown;
}

/** The error for an answer that is no success. */
export function refusal(answer: Answer, circumstances: Circumstances): ConnectorError {
  const { status } = answer;
  const { host, writes } = circumstances;
  const problem = problemOf(answer.body);
  if (status >= 300 && status < 400) return redirected(answer, circumstances);
  if (status === 401) return secretRefused(problem, circumstances);
  const gone = status === 404 || status === 410;
  // Any wrong address is answered with 404; taking that for the entry's end would make all entries anew.
  if (gone && problem.error !== 'notFound') {
    const text = `${host} answers ${status} without saying "notFound": the URL may be wrong, or the service not running.`;
    return new ConnectorError('unavailable', text, { outcome: writes ? 'unknown' : 'none' });
  }
  return refusalOf(gone ? 'notFound' : meaning(answer), answer, problem, circumstances);
}

function secretRefused(problem: Problem, { host, secret }: Circumstances): ConnectorError {
  const said = shortened(problem.message, secret);
  const text = `${host} refuses the secret (401)${said ? `: ${said}` : '.'} Correct it there or here: it goes on by itself.`;
  return new SecretRefused('unavailable', text);
}

function refusalOf(
  kind: FailureKind,
  answer: Answer,
  problem: Problem,
  { host, secret, writes }: Circumstances,
): ConnectorError {
  const { status } = answer;
  const said = shortened(problem.message, secret);
  const taken = kind === 'conflict' ? NAME : undefined;
  const attribute = shortened(problem.attribute, secret) ?? taken;
  const retryAfterMs = kind === 'throttled' ? pause(answer) : undefined;
  return new ConnectorError(kind, `${host} ${WORDS[kind]} (${status})${said ? `: ${said}` : '.'}`, {
    // A refusal has changed nothing; a failure may have come half-way, or from a proxy on the way back.
    outcome: writes && (status >= 500 || kind === 'unavailable') ? 'unknown' : 'none',
    ...(attribute !== undefined && { attribute }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** An answer that says success and makes no sense: what was asked for may have been done. */
export function nonsense(what: string, { host, writes }: Circumstances): ConnectorError {
  const text = `${host} answers outside of the protocol: ${what}.`;
  return new ConnectorError('unavailable', text, { outcome: writes ? 'unknown' : 'none' });
}

/** Never followed: whoever can send a redirect could else send secrets and requests anywhere. */
function redirected(answer: Answer, { host, writes }: Circumstances): ConnectorError {
  const to = answer.headers.location ?? '';
  const where = URL.canParse(to) ? ` to ${new URL(to).host}` : '';
  const text = `${host} redirects${where} (${answer.status}), which is not followed: set \`url\` to where the service itself answers.`;
  return new ConnectorError('unavailable', text, { outcome: writes ? 'unknown' : 'none' });
}

function meaning({ status, headers }: Answer): FailureKind {
  if (status === 503 && headers['retry-after'] !== undefined) return 'throttled';
  return MEANING[status] ?? (status >= 500 ? 'unavailable' : 'invalid');
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function pause({ headers }: Answer): number | undefined {
  const text = headers['retry-after'] ?? '';
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_PAUSE_MS);
}

function problemOf(body: Buffer): Problem {
  try {
    const problem: unknown = JSON.parse(body.toString());
    return typeof problem === 'object' && problem !== null ? problem : {};
  } catch {
    return {};
  }
}

function shortened(text: unknown, secret: string): string | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  const shown = text.replaceAll(secret, '***').replace(/[\p{Cc}\p{Surrogate}]+/gu, ' ');
  return shown.length > LONGEST_MESSAGE ? `${shown.slice(0, LONGEST_MESSAGE)}...` : shown;
}
