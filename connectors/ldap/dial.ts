/**
 * Opens the socket: TCP, TLS or StartTLS, verified, within its time. The LDAP library gets it ready-made, because its own
 * StartTLS does not notice when the connection closes, checks the certificate for "localhost", and reconnects in clear.
 */
import net from 'node:net';
import tls from 'node:tls';
import { BerReader, ExtendedRequest, ExtendedResponse } from 'ldapts';
import { ConnectorError } from '../spi';
import { START_TLS } from './controls';
import { connectFailure, messageOf } from './failures';
import { type LdapSettings, serverAddress } from './settings';

const EXTENDED_RESPONSE = 0x78;

/** What `dial` needs of the settings. */
export type DialSettings = Pick<
  LdapSettings,
  'url' | 'startTls' | 'caCertificate' | 'serverName' | 'connectTimeoutMs'
>;

/** A socket may fail once more after it was given up, and an error nobody listens to ends the process. */
const ignore = (): void => undefined;

/** Settles when the socket emits the event; rejects when it fails or closes before. */
function once(socket: net.Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(new Error('the server closed the connection'));
    const onError = (error: Error): void => reject(error);
    socket.once('close', onClose).once('error', onError);
    socket.once(event, () => {
      socket.off('close', onClose).off('error', onError);
      resolve();
    });
  });
}

/** The one message in the buffer, or undefined while it is not complete. */
function completeMessage(received: Buffer): BerReader | undefined {
  const reader = new BerReader(received);
  if (reader.readSequence() === null || reader.remain < reader.length) return undefined;
  // Whatever follows came in clear text and would be believed as if it had come encrypted.
  if (reader.remain > reader.length) throw new Error('the server sent more than it was asked for');
  return reader;
}

/** RFC 4511 section 4.14.1: nothing else is sent until the server has answered. */
function negotiateStartTls(socket: net.Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const finish = (error?: Error): void => {
      socket.off('data', onData).off('close', onClose).off('error', finish);
      if (error) reject(error);
      else resolve();
    };
    const onClose = (): void => finish(new Error('the server closed the connection'));
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      try {
        const reader = completeMessage(received);
        if (!reader) return;
        reader.readInt();
        reader.readSequence(EXTENDED_RESPONSE);
        const response = new ExtendedResponse({ messageId: 1 });
        response.parse(reader, []);
        finish(
          response.status === 0
            ? undefined
            : new Error(`the server refuses StartTLS: ${response.errorMessage || response.status}`),
        );
      } catch (error) {
        finish(new Error(messageOf(error)));
      }
    };
    socket.on('data', onData).once('close', onClose).once('error', finish);
    socket.write(new ExtendedRequest({ messageId: 1, oid: START_TLS }).write());
  });
}

async function encrypt(
  socket: net.Socket,
  host: string,
  settings: DialSettings,
): Promise<net.Socket> {
  const name = settings.serverName ?? host;
  const secure = tls.connect({
    socket,
    // Server Name Indication is for names only (RFC 6066 section 3); the certificate is checked against `host`.
    ...(net.isIP(name) === 0 ? { servername: name } : {}),
    host: name,
    ...(settings.caCertificate === undefined ? {} : { ca: settings.caCertificate }),
  });
  secure.on('error', ignore);
  await once(secure, 'secureConnect');
  return secure;
}

async function connect(settings: DialSettings, raw: net.Socket): Promise<net.Socket> {
  const { host, encryption } = serverAddress(settings);
  await once(raw, 'connect');
  raw.setNoDelay(true);
  raw.setKeepAlive(true, 30_000);
  if (encryption === 'none') return raw;
  if (encryption === 'startTls') await negotiateStartTls(raw);
  return encrypt(raw, host, settings);
}

/** An open socket, encrypted as the settings say; rejects with a `ConnectorError`. */
export async function dial(settings: DialSettings): Promise<net.Socket> {
  const { host, port } = serverAddress(settings);
  const server = `${host}:${port}`;
  const raw = net.connect({ host, port });
  raw.on('error', ignore);
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `Could not connect to ${server} within ${settings.connectTimeoutMs} ms.`;
      reject(new ConnectorError('unavailable', message));
    }, settings.connectTimeoutMs);
  });
  try {
    return await Promise.race([connect(settings, raw), timeout]);
  } catch (error) {
    raw.destroy();
    throw error instanceof ConnectorError ? error : connectFailure(server, error);
  } finally {
    clearTimeout(timer);
  }
}
