/** What FreeRADIUS's `rest` module asks, and whether it is the server that may. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** The names the server knows the user by. */
export interface AskedNames {
  readonly name: string | undefined;
  /** Without its realm, where the server took it off. */
  readonly stripped: string | undefined;
}

interface AskedAttribute {
  readonly type?: unknown;
  readonly value?: unknown;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** HTTP Basic (RFC 7617), compared in constant time. */
export function isServer(
  headers: Readonly<Record<string, string>>,
  expected: { readonly userName: string; readonly password: string },
): boolean {
  const [scheme = '', token = ''] = (headers['authorization'] ?? '').split(' ');
  const given = scheme.toLowerCase() === 'basic' ? Buffer.from(token, 'base64').toString() : '';
  return timingSafeEqual(digest(given), digest(`${expected.userName}:${expected.password}`));
}

/** `octets` are hexadecimal: the only way the server can write any name without a doubt. */
function text(attribute: unknown): string | undefined {
  if (typeof attribute !== 'object' || attribute === null) return undefined;
  const { type, value } = attribute as AskedAttribute;
  const [first] = Array.isArray(value) ? (value as unknown[]) : [value];
  if (typeof first !== 'string') return undefined;
  if (type !== 'octets') return first === '' ? undefined : first;
  if (!/^0x([0-9a-f]{2})+$/i.test(first)) return undefined;
  const bytes = Buffer.from(first.slice(2), 'hex');
  const decoded = bytes.toString('utf8');
  // A name that is not UTF-8 is nobody's: it must not be taken for another that looks like it.
  return Buffer.from(decoded).equals(bytes) ? decoded : undefined;
}

/** The names in the body; undefined when it is not what the module sends. A password that came along is not looked at. */
export function askedNames(body: Uint8Array): AskedNames | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(body).toString());
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const attributes = parsed as Record<string, unknown>;
  return {
    name: text(attributes['User-Name']),
    stripped: text(attributes['Stripped-User-Name']),
  };
}
