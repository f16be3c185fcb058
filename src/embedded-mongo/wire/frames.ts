import { decodeUntrusted } from '../bson/decode';
import { type BsonDocument } from '../bson/types';
import { CommandError } from '../errors';

/** Largest message a client may send, as announced in the handshake. */
export const MAX_MESSAGE_BYTES = 48_000_000;
/** Bytes of the header every message starts with. */
export const HEADER_BYTES = 16;

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const MORE_TO_COME = 2;
/** Levels that commands and replies may add to those of a document, as in MongoDB. */
export const WRAPPING = 20;
/** More statements are never accepted; a message full of empty ones must not fill the memory. */
const MAX_SEQUENCE = 100_000;

/** Bytes that are no message this server understands; the connection is closed. */
export class ProtocolError extends Error {}

/** One request message. */
export interface Frame {
  readonly requestId: number;
  /** The handshake may come in the older form, which has a reply form of its own. */
  readonly legacy: boolean;
  readonly wantsReply: boolean;
  readonly body: BsonDocument;
  readonly sequences: Map<string, { document: BsonDocument; bytes: Buffer }[]>;
}

/** The message length in a header. Throws when no valid message can have it. */
export function messageLength(header: Buffer): number {
  const length = header.readInt32LE(0);
  if (length < HEADER_BYTES + 5 || length > MAX_MESSAGE_BYTES) {
    throw new ProtocolError(`message length ${length}`);
  }
  return length;
}

/** Cuts one BSON document out of a message. */
function documentBytes(message: Buffer, at: number): Buffer {
  if (at + 5 > message.length) throw new ProtocolError('truncated document');
  const size = message.readInt32LE(at);
  if (size < 5 || at + size > message.length) throw new ProtocolError('document length');
  return message.subarray(at, at + size);
}

function readSequence(section: Buffer): [string, { document: BsonDocument; bytes: Buffer }[]] {
  const terminator = section.indexOf(0);
  if (terminator < 0) throw new ProtocolError('unterminated section name');
  const name = section.toString('utf8', 0, terminator);
  const documents = [];
  let at = terminator + 1;
  while (at < section.length) {
    if (documents.length >= MAX_SEQUENCE) {
      throw new CommandError(
        72,
        `Write batch sizes must be between 1 and ${MAX_SEQUENCE}. Got more operations.`,
      );
    }
    const bytes = documentBytes(section, at);
    documents.push({ document: decodeUntrusted(bytes), bytes });
    at += bytes.length;
  }
  return [name, documents];
}

function parseMessage(message: Buffer): Omit<Frame, 'requestId' | 'legacy'> {
  const flags = message.readUInt32LE(HEADER_BYTES);
  // The low 16 bits must be understood (only MORE_TO_COME is: no checksums); others are hints.
  if ((flags & 0xffff & ~MORE_TO_COME) !== 0) {
    throw new ProtocolError(`message flags ${flags}`);
  }
  let body: BsonDocument | undefined;
  const sequences: Frame['sequences'] = new Map();
  let at = HEADER_BYTES + 4;
  while (at < message.length) {
    const kind = message[at] as number;
    at += 1;
    if (kind === 0) {
      if (body !== undefined) throw new ProtocolError('two body sections');
      const bytes = documentBytes(message, at);
      body = decodeUntrusted(bytes, WRAPPING);
      at += bytes.length;
    } else if (kind === 1) {
      if (at + 4 > message.length) throw new ProtocolError('truncated section');
      const size = message.readInt32LE(at);
      if (size < 5 || at + size > message.length) throw new ProtocolError('section length');
      const [name, documents] = readSequence(message.subarray(at + 4, at + size));
      if (sequences.has(name)) throw new ProtocolError('the same section twice');
      sequences.set(name, documents);
      at += size;
    } else {
      throw new ProtocolError(`section kind ${kind}`);
    }
  }
  if (body === undefined) throw new ProtocolError('no body section');
  return { wantsReply: (flags & MORE_TO_COME) === 0, body, sequences };
}

/** Drivers send their very first hello as an OP_QUERY; nothing else is accepted in that form. */
function parseQuery(message: Buffer): Omit<Frame, 'requestId' | 'legacy'> {
  const nameStart = HEADER_BYTES + 4;
  const terminator = message.indexOf(0, nameStart);
  if (terminator < 0) throw new ProtocolError('unterminated collection name');
  const namespace = message.toString('utf8', nameStart, terminator);
  if (!namespace.endsWith('.$cmd')) throw new ProtocolError('OP_QUERY on a collection');
  const bytes = documentBytes(message, terminator + 9);
  const body = decodeUntrusted(bytes);
  const command = body.keys().next().value ?? '';
  if (!['hello', 'ismaster', 'isMaster'].includes(command)) {
    throw new ProtocolError(`OP_QUERY command ${command}`);
  }
  body.set('$db', namespace.slice(0, -'.$cmd'.length));
  return { wantsReply: true, body, sequences: new Map() };
}

/** Parses a complete message. */
export function parseFrame(message: Buffer): Frame {
  const requestId = message.readInt32LE(4);
  const code = message.readInt32LE(12);
  if (code === OP_MSG) return { requestId, legacy: false, ...parseMessage(message) };
  if (code === OP_QUERY) return { requestId, legacy: true, ...parseQuery(message) };
  throw new ProtocolError(`operation code ${code}`);
}

/** Who gets the answer to a message whose frame is sound but whose content is not. */
export function replyTarget(message: Buffer): Pick<Frame, 'requestId' | 'legacy' | 'wantsReply'> {
  const legacy = message.readInt32LE(12) === OP_QUERY;
  return {
    requestId: message.readInt32LE(4),
    legacy,
    wantsReply: legacy || (message.readUInt32LE(HEADER_BYTES) & MORE_TO_COME) === 0,
  };
}

let lastReplyId = 0;

/** Builds the reply message to a request. */
export function buildReply(frame: Pick<Frame, 'requestId' | 'legacy'>, document: Buffer): Buffer {
  const extra = frame.legacy ? 20 : 5;
  const message = Buffer.alloc(HEADER_BYTES + extra + document.length);
  lastReplyId = (lastReplyId + 1) & 0x7fffffff;
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(lastReplyId, 4);
  message.writeInt32LE(frame.requestId, 8);
  message.writeInt32LE(frame.legacy ? OP_REPLY : OP_MSG, 12);
  // OP_REPLY: flags, cursor id and start stay zero, one document. OP_MSG: flags 0, section kind 0.
  if (frame.legacy) message.writeInt32LE(1, HEADER_BYTES + 16);
  document.copy(message, HEADER_BYTES + extra);
  return message;
}
