/** `/targets/<target id>/...`: requests of directories that ask instead of being written to. Their connector answers. */
import express, { type ErrorRequestHandler, type Request, type Router } from 'express';
import { type DirectoryRequest, type DirectoryResponse } from '../connectors/spi';
import { type DeliveryEngine } from './delivery/engine';
import { type Logger } from './telemetry/logger';

export const TARGETS_PATH = '/targets';

export interface TargetRequestsDependencies {
  readonly questions: DeliveryEngine['questions'];
  readonly log: Pick<Logger, 'warn'>;
}

const MAX_BODY = 64 * 1024;

/** Nothing is parsed here, and nobody is let in: both are the connector's. */
export function createTargetRequests({ questions, log }: TargetRequestsDependencies): Router {
  const router = express.Router();
  const readBody = express.raw({ type: () => true, limit: MAX_BODY, inflate: false });
  router.use('/:targetId', async (request, response, next) => {
    const { targetId } = request.params;
    response.locals['targetId'] = targetId;
    const answerer = await questions.answererOf(targetId);
    if (!answerer) {
      response.status(404).type('text/plain').send('There is nothing here.\n');
      return;
    }
    readBody(request, response, (error?: unknown) => {
      if (error !== undefined) {
        next(error);
        return;
      }
      answerer(asDirectoryRequest(request)).then(
        (answer) => send(answer, response),
        (failure: unknown) => next(failure),
      );
    });
  });
  router.use(refusal(log));
  return router;
}

function asDirectoryRequest(request: Request): DirectoryRequest {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const body: unknown = request.body;
  return {
    method: request.method,
    path: request.url,
    headers,
    body: body instanceof Uint8Array ? body : new Uint8Array(),
  };
}

function send({ status, headers, body }: DirectoryResponse, response: express.Response): void {
  response.status(status);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(body);
}

/** What went wrong is for the log; whoever asks learns only whether asking again may help. */
function refusal(log: TargetRequestsDependencies['log']): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const { status } = error as { readonly status?: unknown };
    if (typeof status === 'number' && status >= 400 && status < 500) {
      response.status(status).type('text/plain').send('The body cannot be read.\n');
      return;
    }
    const { name, kind } = error as { readonly name?: unknown; readonly kind?: unknown };
    const { targetId } = response.locals as { readonly targetId?: unknown };
    log.warn({ targetId, error: name, kind }, 'A directory that asked got no answer');
    response.status(503).type('text/plain').send('Not available now.\n');
  };
}
