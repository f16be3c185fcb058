/** Ends the sessions of a user who may not be in any more: Disconnect-Request of RFC 5176. */
import { isIPv4 } from 'node:net';
import type { Attributes } from '../spi';
import { exchange } from './packets/exchange';
import { CODES, type RadiusAttribute, TYPES, valueOf } from './packets/packet';
import type { DisconnectSettings, SESSION_ATTRIBUTES } from './settings';

type SessionAttribute = (typeof SESSION_ATTRIBUTES)[number];

const SOURCES: Readonly<Record<SessionAttribute, readonly string[]>> = {
  'User-Name': ['User-Name'],
  'Framed-IP-Address': ['reply:Framed-IP-Address'],
  'Calling-Station-Id': ['check:Calling-Station-Id ==', 'check:Calling-Station-Id'],
  'Chargeable-User-Identity': ['reply:Chargeable-User-Identity'],
};

const NUMBERS: Readonly<Record<SessionAttribute, number>> = {
  'User-Name': TYPES.userName,
  'Framed-IP-Address': TYPES.framedIpAddress,
  'Calling-Station-Id': TYPES.callingStationId,
  'Chargeable-User-Identity': TYPES.chargeableUserIdentity,
};

/** RFC 5176 section 3.5. */
const CAUSES: Readonly<Record<number, string>> = {
  201: 'residual session context removed',
  401: 'unsupported attribute',
  402: 'missing attribute',
  403: 'NAS identification mismatch',
  404: 'invalid request',
  405: 'unsupported service',
  406: 'unsupported extension',
  407: 'invalid attribute value',
  501: 'administratively prohibited',
  502: 'request not routable (proxy)',
  503: 'session context not found',
  504: 'session context not removable',
  505: 'other proxy processing error',
  506: 'resources unavailable',
  507: 'request initiated',
  508: 'multiple session selection unsupported',
};

const NO_SESSION = 503;

function address(text: string): Buffer {
  if (!isIPv4(text)) throw new RangeError(`${text} is not an IPv4 address`);
  return Buffer.from(text.split('.').map(Number));
}

/** The user's own part of the request; undefined when the profile names no session. */
export function sessionAttributes(
  settings: DisconnectSettings,
  profile: Attributes,
): RadiusAttribute[] | undefined {
  const found: RadiusAttribute[] = [];
  for (const attribute of settings.identifyBy) {
    const [value] = SOURCES[attribute].flatMap((source) => profile[source] ?? []);
    // An attribute that is missing would make the request fit more sessions than were meant.
    if (value === undefined) return undefined;
    const isAddress = attribute === 'Framed-IP-Address';
    found.push({
      type: NUMBERS[attribute],
      value: isAddress ? address(value) : Buffer.from(value),
    });
  }
  return found;
}

function fixedAttributes(settings: DisconnectSettings): RadiusAttribute[] {
  const { nasIdentifier, nasIpAddress } = settings;
  const timestamp = Buffer.alloc(4);
  // RFC 5176 section 6.3: without it an old packet could be replayed.
  timestamp.writeUInt32BE(Math.floor(Date.now() / 1_000));
  return [
    { type: TYPES.eventTimestamp, value: timestamp },
    ...(nasIpAddress ? [{ type: TYPES.nasIpAddress, value: address(nasIpAddress) }] : []),
    ...(nasIdentifier ? [{ type: TYPES.nasIdentifier, value: Buffer.from(nasIdentifier) }] : []),
  ];
}

function cause(value: Buffer | undefined): number | undefined {
  return value?.length === 4 ? value.readUInt32BE() : undefined;
}

/** Sends Disconnect-Requests. Nothing it meets is an error: it answers in words what did not work. */
export class Disconnector {
  constructor(
    private readonly settings: DisconnectSettings,
    private readonly secret: string,
  ) {}

  /** A warning when sessions may go on; undefined when they ended or there were none. */
  async disconnect(profile: Attributes, signal: AbortSignal): Promise<string | undefined> {
    try {
      const own = sessionAttributes(this.settings, profile);
      if (!own) {
        return `no sessions were ended: the profile has no ${this.settings.identifyBy.join(', ')}`;
      }
      return await this.ask([...own, ...fixedAttributes(this.settings)], signal);
    } catch (error) {
      return `sessions may go on: ${(error as Error).message}`;
    }
  }

  private async ask(
    attributes: readonly RadiusAttribute[],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { host, port, timeoutMs, attempts } = this.settings;
    const peer = { host, port, timeoutMs, attempts, secret: this.secret };
    const message = { code: CODES.disconnectRequest, attributes };
    const response = await exchange(peer, message, signal);
    if (response?.code === CODES.disconnectAck) return undefined;
    if (response?.code !== CODES.disconnectNak) {
      return `sessions may go on: no answer from ${host} port ${port}; check the address, and that the secret is the same on both sides`;
    }
    const number = cause(valueOf(response, TYPES.errorCause));
    if (number === NO_SESSION) return undefined;
    const words = number === undefined ? 'no Error-Cause' : (CAUSES[number] ?? 'unknown cause');
    return `sessions may go on: the NAS refused to end them (${words}${number === undefined ? '' : `, ${number}`})`;
  }
}
