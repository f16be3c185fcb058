/**
 * One request and its answer over HTTP/1.1. Not `fetch`: it takes no certificate authority, and does not tell whether a
 * request that failed had been sent.
 */
import http from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import type tls from 'node:tls';
import { type CallContext, ConnectorError, type FailureKind } from '../spi';
import { FORBIDDEN, lookup } from './address';
import { certificatesOf, type Secrets, type Settings } from './settings';
import { authentication, type Message } from './signature';

export interface Question extends Message {
  /** Whether it may change something: then no answer means that nobody knows. */
  readonly writes: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

const LONGEST_ANSWER = 8 * 1024 * 1024;
/** Below the 5 s after which many servers close an idle connection: a request must not meet the closing. */
const IDLE_MS = 4_000;

export class Transport {
  readonly host: string;
  private readonly url: URL;
  private readonly agent: http.Agent;
  private readonly request: typeof http.request;
  private readonly inFlight = new Set<() => void>();
  private closed = false;

  constructor(
    private readonly settings: Settings,
    private readonly secrets: Secrets,
  ) {
    this.url = new URL(settings.url);
    this.host = this.url.host;
    const options = { keepAlive: true, maxSockets: settings.connections, timeout: IDLE_MS };
    const ca = settings.ca ? { ca: certificatesOf(settings.ca) } : {};
    const secure = this.url.protocol === 'https:';
    this.agent = secure ? new https.Agent({ ...options, ...ca }) : new http.Agent(options);
    this.request = secure ? https.request : http.request;
  }

  /** `path` begins with a slash and is taken below the base URL. */
  exchange({ method, path, body, writes }: Question, { signal }: CallContext): Promise<Answer> {
    const message = { method, path: this.url.pathname.replace(/\/$/, '') + path, body };
    return new Promise((resolve, reject) => {
      if (this.closed) throw new ConnectorError('unavailable', 'The connector has been closed.');
      if (signal.aborted) throw new ConnectorError('timeout', 'The time was up before it began.');
      const request = this.request(this.url, {
        method,
        path: message.path,
        agent: this.agent,
        headers: { ...headersOf(body), ...authentication(this.settings, this.secrets, message) },
        lookup,
      });
      const isSent = watch(request, this.settings.connectTimeoutSeconds * 1_000);

      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        this.inFlight.delete(onClose);
      };
      const fail = (kind: FailureKind, text: string, cause?: unknown): void => {
        settle();
        const outcome = writes && isSent() ? 'unknown' : 'none';
        reject(new ConnectorError(kind, text, { outcome, cause }));
        request.destroy();
      };
      const onAbort = (): void => fail('timeout', `${this.host} did not answer in time.`);
      const onClose = (): void => fail('unavailable', 'The connector was closed meanwhile.');
      const timer = setTimeout(onAbort, this.settings.timeoutSeconds * 1_000);
      signal.addEventListener('abort', onAbort);
      this.inFlight.add(onClose);

      request.on('error', (error) => fail('unavailable', whatWentWrong(this.host, error), error));
      request.on('response', (response) => {
        collect(response).then(
          (answer) => {
            settle();
            resolve(answer);
          },
          (error: Error) => fail('unavailable', whatWentWrong(this.host, error), error),
        );
      });
      request.end(body === '' ? undefined : body);
    });
  }

  close(): void {
    this.closed = true;
    // By ourselves: the agent would open a new connection for each request that still waits for one.
    for (const giveUp of [...this.inFlight]) giveUp();
    this.agent.destroy();
  }
}

/** No compression: a short answer must not become a long one. */
function headersOf(body: string): Record<string, string> {
  const headers = {
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'usher',
  };
  if (body === '') return headers;
  return {
    ...headers,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
  };
}

/**
 * Bounds the time until there is a connection, and tells whether there was one: before that nothing can have been sent,
 * so a request that still waits, meets a closed port or a wrong certificate has certainly changed nothing.
 */
function watch(request: http.ClientRequest, connectMs: number): () => boolean {
  let sent = false;
  request.once('socket', (socket: net.Socket & Partial<tls.TLSSocket>) => {
    if (!socket.connecting) {
      sent = true;
      return;
    }
    const error = Object.assign(new Error('connect timeout'), { code: 'ETIMEDOUT' });
    const timer = setTimeout(() => socket.destroy(error), connectMs);
    socket.once('close', () => clearTimeout(timer));
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      sent = true;
    });
  });
  return () => sent;
}

function collect(response: http.IncomingMessage): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > LONGEST_ANSWER) {
        reject(Object.assign(new Error('too long'), { code: 'an answer of more than 8 MiB' }));
      }
    });
    response.on('error', reject);
    response.on('end', () => {
      const { statusCode: status = 0, headers } = response;
      resolve({ status, headers, body: Buffer.concat(chunks) });
    });
  });
}

/** The codes of TLS say enough; only those that mean a setting are put into words. */
function whatWentWrong(host: string, error: Error & { readonly code?: string }): string {
  const code = error.code ?? 'an unknown error';
  if (code === FORBIDDEN) return `${host} has a link-local or otherwise forbidden address.`;
  if (code === 'ENOTFOUND') return `${host} has no address: its name is not known.`;
  if (code === 'ECONNREFUSED') return `${host} refuses connections.`;
  if (/CERT|SIGNATURE|TLS|SSL|ALTNAME/.test(code)) {
    return `${host} is not trusted (${code}): check its certificate and the setting \`ca\`.`;
  }
  return `The connection to ${host} failed with ${code}.`;
}
