/** The listening socket: HTTP, or HTTPS with the operator's certificate. */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { type AddressInfo } from 'node:net';
import { type Express } from 'express';
import { StartError } from './start-error';

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly certificateFile?: string;
  readonly keyFile?: string;
}

export interface Listener {
  /** `http://127.0.0.1:8080`, with the port that was really taken. */
  readonly url: string;
  /** Lets running requests finish for the time given, then cuts them off. */
  close(graceMs: number): Promise<void>;
}

export async function listen(app: Express, options: ListenOptions): Promise<Listener> {
  const secure = options.certificateFile !== undefined && options.keyFile !== undefined;
  const server = secure
    ? https.createServer(
        { cert: readFileSync(options.certificateFile), key: readFileSync(options.keyFile) },
        app,
      )
    : http.createServer(app);
  // A client that sends headers or body by the drop must not hold a socket for ever.
  server.headersTimeout = 20_000;
  server.requestTimeout = 120_000;
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, options)));
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `${secure ? 'https' : 'http'}://${host}:${port}`,
    close: (graceMs) => close(server, graceMs),
  };
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

function close(server: http.Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
