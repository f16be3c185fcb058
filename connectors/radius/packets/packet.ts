/**
 * RADIUS packets as far as Usher sends any: Access-Request (RFC 2865) to probe a server, Disconnect-Request (RFC 5176) to
 * end sessions. Both carry a Message-Authenticator (RFC 3579 section 3.2), and no answer is believed that is not signed.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export const CODES = {
  accessRequest: 1,
  accessAccept: 2,
  accessReject: 3,
  disconnectRequest: 40,
  disconnectAck: 41,
  disconnectNak: 42,
} as const;

export const TYPES = {
  userName: 1,
  userPassword: 2,
  nasIpAddress: 4,
  framedIpAddress: 8,
  replyMessage: 18,
  callingStationId: 31,
  nasIdentifier: 32,
  eventTimestamp: 55,
  messageAuthenticator: 80,
  chargeableUserIdentity: 89,
  errorCause: 101,
} as const;

/** One attribute: its number and its value as it travels. */
export interface RadiusAttribute {
  readonly type: number;
  readonly value: Buffer;
}

export interface RadiusRequest {
  readonly code: number;
  readonly identifier: number;
  readonly attributes: readonly RadiusAttribute[];
}

export interface RadiusResponse {
  readonly code: number;
  readonly attributes: readonly RadiusAttribute[];
}

/** A request as it travels, and what is needed to know its answer. */
export interface EncodedRequest {
  readonly identifier: number;
  readonly authenticator: Buffer;
  readonly bytes: Buffer;
}

const HEADER = 20;
/** RFC 2865 section 3. */
const MAX_PACKET = 4096;
/** RFC 2865 section 5: type, length and at most 253 bytes. */
const MAX_VALUE = 253;
const NOTHING = Buffer.alloc(16);

function md5(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function encodeAttributes(attributes: readonly RadiusAttribute[]): Buffer {
  return Buffer.concat(
    attributes.map(({ type, value }) => {
      if (value.length > MAX_VALUE) throw new RangeError(`attribute ${type} is too long`);
      return Buffer.concat([Buffer.from([type, value.length + 2]), value]);
    }),
  );
}

/** RFC 2865 section 5.2: the password in blocks of 16, each hidden by a hash of the one before. */
export function hidePassword(password: Buffer, secret: Buffer, authenticator: Buffer): Buffer {
  const padded = Buffer.alloc(Math.max(16, Math.ceil(password.length / 16) * 16));
  password.copy(padded);
  let previous = authenticator;
  for (let start = 0; start < padded.length; start += 16) {
    const mask = md5(secret, previous);
    for (let index = 0; index < 16; index += 1) {
      padded[start + index] = (padded[start + index] as number) ^ (mask[index] as number);
    }
    previous = padded.subarray(start, start + 16);
  }
  return padded;
}

/** The request with everything signed. `random` is the Request Authenticator of an Access-Request. */
export function encodeRequest(
  request: RadiusRequest,
  secret: Buffer,
  random: Buffer = randomBytes(16),
): EncodedRequest {
  const isAccess = request.code === CODES.accessRequest;
  const visible = request.attributes.map((attribute) =>
    attribute.type === TYPES.userPassword
      ? { ...attribute, value: hidePassword(attribute.value, secret, random) }
      : attribute,
  );
  // First of all attributes, so that nothing can be slipped in before it (draft-ietf-radext-deprecating-radius).
  const attributes = [{ type: TYPES.messageAuthenticator, value: NOTHING }, ...visible];
  const body = encodeAttributes(attributes);
  const bytes = Buffer.concat([Buffer.alloc(HEADER), body]);
  if (bytes.length > MAX_PACKET) throw new RangeError('the packet is too long');
  bytes[0] = request.code;
  bytes[1] = request.identifier;
  bytes.writeUInt16BE(bytes.length, 2);
  if (isAccess) random.copy(bytes, 4);
  // RFC 5176 section 3.4: over sixteen zeros where RFC 3579 has the random Request Authenticator.
  createHmac('md5', secret)
    .update(bytes)
    .digest()
    .copy(bytes, HEADER + 2);
  // RFC 5176 section 2.3, as RFC 2866 section 3: MD5(Code+Identifier+Length+16 zeros+attributes+secret).
  if (!isAccess) md5(bytes, secret).copy(bytes, 4);
  const authenticator = Buffer.from(bytes.subarray(4, HEADER));
  return { identifier: request.identifier, authenticator, bytes };
}

function decodeAttributes(body: Buffer): RadiusAttribute[] | undefined {
  const attributes: RadiusAttribute[] = [];
  for (let at = 0; at < body.length;) {
    const length = body[at + 1] ?? 0;
    if (length < 2 || at + length > body.length) return undefined;
    attributes.push({ type: body[at] as number, value: body.subarray(at + 2, at + length) });
    at += length;
  }
  return attributes;
}

/** Whether the Message-Authenticator, where there is one, is right (RFC 3579 section 3.2, RFC 5176 section 3.4). */
function isSigned(packet: Buffer, request: EncodedRequest, secret: Buffer): boolean {
  const copy = Buffer.from(packet);
  request.authenticator.copy(copy, 4);
  for (let at = HEADER; at < copy.length; at += copy[at + 1] as number) {
    if (copy[at] !== TYPES.messageAuthenticator) continue;
    const value = copy.subarray(at + 2, at + (copy[at + 1] as number));
    if (value.length !== 16) return false;
    const sent = Buffer.from(value);
    value.fill(0);
    return timingSafeEqual(sent, createHmac('md5', secret).update(copy).digest());
  }
  return true;
}

/** The answer to the request; undefined for anything else that may have come, forged or broken. */
export function decodeResponse(
  datagram: Buffer,
  request: EncodedRequest,
  secret: Buffer,
): RadiusResponse | undefined {
  if (datagram.length < HEADER || datagram[1] !== request.identifier) return undefined;
  const length = datagram.readUInt16BE(2);
  if (length < HEADER || length > datagram.length) return undefined;
  const packet = datagram.subarray(0, length);
  const attributes = decodeAttributes(packet.subarray(HEADER));
  if (!attributes) return undefined;
  // RFC 2865 section 3: MD5(Code+ID+Length+RequestAuth+Attributes+Secret).
  const expected = md5(
    packet.subarray(0, 4),
    request.authenticator,
    packet.subarray(HEADER),
    secret,
  );
  if (!timingSafeEqual(expected, packet.subarray(4, HEADER))) return undefined;
  if (!isSigned(packet, request, secret)) return undefined;
  return { code: packet[0] as number, attributes };
}

/** The first value of that type. */
export function valueOf(response: RadiusResponse, type: number): Buffer | undefined {
  return response.attributes.find((attribute) => attribute.type === type)?.value;
}
