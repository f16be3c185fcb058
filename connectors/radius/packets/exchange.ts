/** One request and its answer over UDP. */
import { randomInt } from 'node:crypto';
import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';
import { decodeResponse, encodeRequest, type RadiusAttribute, type RadiusResponse } from './packet';

export interface Peer {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  /** How long to wait before the same packet is sent again. */
  readonly timeoutMs: number;
  /** How often it is sent. */
  readonly attempts: number;
}

/**
 * Sends the request, the very same bytes at every attempt (RFC 5080 section 2.2.1), and answers what came back; undefined
 * when nothing did.
 */
export function exchange(
  peer: Peer,
  message: { readonly code: number; readonly attributes: readonly RadiusAttribute[] },
  signal: AbortSignal,
): Promise<RadiusResponse | undefined> {
  const secret = Buffer.from(peer.secret);
  const request = encodeRequest({ ...message, identifier: randomInt(256) }, secret);
  const socket = dgram.createSocket(isIPv6(peer.host) ? 'udp6' : 'udp4');
  return new Promise<RadiusResponse | undefined>((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const finish = (response: RadiusResponse | undefined): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', give);
      socket.close();
      resolve(response);
    };
    const give = (): void => finish(undefined);
    const send = (attempt: number): void => {
      if (attempt >= peer.attempts) return give();
      // A closed port is told late or never, and whoever restarts meanwhile is still asked: errors are no answer.
      socket.send(request.bytes, () => undefined);
      timer = setTimeout(() => send(attempt + 1), peer.timeoutMs);
    };
    if (signal.aborted) {
      socket.close();
      resolve(undefined);
      return;
    }
    signal.addEventListener('abort', give, { once: true });
    socket.on('message', (datagram) => {
      const response = decodeResponse(datagram, request, secret);
      if (response) finish(response);
    });
    socket.on('error', () => undefined);
    // Connected: only the peer's own datagrams come in.
    socket.connect(peer.port, peer.host, (error?: Error) => {
      if (error) {
        signal.removeEventListener('abort', give);
        socket.close();
        reject(error);
      } else send(0);
    });
  });
}
