/** The listening socket: HTTP, or HTTPS with the operator's certificate. */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { type AddressInfo } from 'node:net';
import { type Duplex } from 'node:stream';
import { StartError } from './start-error';

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly certificateFile?: string;
  readonly keyFile?: string;
}

/** Connections that last. */
export interface LongConnections {
  /** Takes requests to become a WebSocket. */
  readonly upgrade: (request: http.IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Told when nothing new comes in any more: what would never end by itself has to be ended. */
  readonly closing: () => void;
}

export interface Listener {
  /** `http://127.0.0.1:8080`, with the port that was really taken. */
  readonly url: string;
  /** From now on requests go to the handler; until then they are answered with 503. Without `connections` there are no WebSockets. */
  serve(handler: http.RequestListener, connections?: LongConnections): void;
  /** Lets running requests finish for the time given, then cuts them off. */
  close(graceMs: number): Promise<void>;
}

/** Takes the port, so that everything after it knows the URL, and nothing is made that a taken port would strand. */
export async function listen(options: ListenOptions): Promise<Listener> {
  let handler: http.RequestListener = notYet;
  let connections = NO_CONNECTIONS;
  const server = createServer(options, (request, response) => handler(request, response));
  server.on('upgrade', (...upgrade) => connections.upgrade(...upgrade));
  // A client that sends headers or body by the drop must not hold a socket for ever.
  server.headersTimeout = 20_000;
  server.requestTimeout = 120_000;
  server.keepAliveTimeout = 65_000;
  server.on('clientError', refuse);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, options)));
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `${options.certificateFile === undefined ? 'http' : 'https'}://${host}:${port}`,
    serve: (next, more = NO_CONNECTIONS) => {
      handler = next;
      connections = more;
    },
    close: (graceMs) => {
      const closed = close(server, graceMs);
      connections.closing();
      return closed;
    },
  };
}

const notYet: http.RequestListener = (_request, response) => {
  response.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '1' });
  response.end('Usher is starting.\n');
};

const NO_CONNECTIONS: LongConnections = {
  upgrade: (_request, socket) => {
    socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\r\n');
  },
  closing: () => undefined,
};

/**
 * A server that takes upgrades takes every request that offers one, and would leave those unanswered that offer something
 * else than a WebSocket: Java's HTTP client offers h2c with the first request of a connection, SCIM requests included. An
 * offer may be ignored (RFC 9110 section 7.8), and so they are requests as any other.
 */
class Incoming extends http.IncomingMessage {
  private offersUpgrade = false;

  get upgrade(): boolean {
    return this.offersUpgrade && this.headers.upgrade?.toLowerCase() === 'websocket';
  }

  set upgrade(offered: boolean | null) {
    this.offersUpgrade = offered === true;
  }
}

/** Of the request line and all headers: room for the longest filter, percent-encoded, in the URL. */
const MAX_HEADER_BYTES = 64 * 1024;

/** What cannot even be read as a request, by the code of Node's error. */
const UNREADABLE: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [
    431,
    'The request line and headers are longer than 64 KiB. Send a long filter in the body of POST to .search.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive in time.'],
};

/** Answers in the form of RFC 7644 section 3.12: what the request was for is not known, and others look at the status. */
function refuse({ code = '' }: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, detail] = (Object.hasOwn(UNREADABLE, code) && UNREADABLE[code]) || [
    400,
    'This is not an HTTP/1.1 request.',
  ];
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:Error'];
  const body = JSON.stringify({ schemas, status: String(status), detail });
  socket.end(
    [
      `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}`,
      'Connection: close',
      'Content-Type: application/scim+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
}

function createServer(options: ListenOptions, handler: http.RequestListener): http.Server {
  const { certificateFile, keyFile } = options;
  const limits = { maxHeaderSize: MAX_HEADER_BYTES, IncomingMessage: Incoming };
  if (certificateFile === undefined || keyFile === undefined) {
    return http.createServer(limits, handler);
  }
  try {
    const pair = { cert: readFileSync(certificateFile), key: readFileSync(keyFile) };
    return https.createServer({ ...limits, ...pair }, handler);
  } catch (error) {
    throw new StartError(
      `TLS_CERT_FILE and TLS_KEY_FILE cannot be used: ${(error as Error).message}. They must be a PEM certificate chain and its unencrypted PEM key.`,
    );
  }
}

function explain(error: NodeJS.ErrnoException, { host, port }: ListenOptions): Error {
  if (error.code === 'EADDRINUSE') {
    return new StartError(
      `Port ${port} of ${host} is in use. Set PORT to another one, or stop what uses it.`,
    );
  }
  if (error.code === 'EACCES') {
    return new StartError(
      `Port ${port} may not be opened by this user. Set PORT to one above 1023.`,
    );
  }
  return error;
}

const IDLE_CHECK_MS = 20;

function close(server: http.Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    // Connections become idle when their last answer is sent, and would stay for the next request.
    const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
    server.close(() => {
      clearTimeout(timer);
      clearInterval(idle);
      resolve();
    });
    server.closeIdleConnections();
  });
}
