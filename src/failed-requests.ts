/** What is left of a request that failed where nobody knew what to answer: the client learns that, and nothing else. */
import { type ErrorRequestHandler } from 'express';
import { StoreUnavailable } from './domain/error';

export interface FailureLog {
  error(fields: object, message: string): void;
}

/** The last error handler. Express itself would show where in the code it failed. */
export function answerFailures(log: FailureLog): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    if (error instanceof StoreUnavailable) {
      response.status(503).set('retry-after', '5').type('text/plain').send(`${error.message}\n`);
      return;
    }
    const status = clientStatusOf(error);
    if (status !== undefined) {
      response.status(status).type('text/plain').send('The request cannot be read.\n');
      return;
    }
    // The path is left out: it may hold names of people.
    log.error({ err: error }, 'A request failed unexpectedly');
    response.status(500).type('text/plain').send('The server failed to handle the request.\n');
  };
}

/** What Express itself finds wrong with a request, for example a broken percent-encoding. */
function clientStatusOf(error: unknown): number | undefined {
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}
