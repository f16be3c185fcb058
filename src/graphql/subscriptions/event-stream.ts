/**
 * Subscriptions as server-sent events: the "distinct connections mode" of the protocol of graphql-sse. That library's own
 * handler is not used: it queues without bound for a client that does not read, and it runs queries and mutations.
 */
import { type RequestHandler, type Response } from 'express';
import { type ExecutionResult } from 'graphql';
import { createContext, type GraphqlContext, type GraphqlServices } from '../context';
import { type Results, type SubscriptionExecution } from './execution';
import { type EndReason, type SubscriberLimits, type Subscribers } from './subscribers';
import { unauthenticated } from '../error';

export interface EventStreamDeps {
  readonly services: GraphqlServices;
  readonly execution: SubscriptionExecution;
  readonly subscribers: Subscribers;
  readonly limits: Pick<SubscriberLimits, 'slowMs' | 'keepAliveMs'>;
}

/** Takes requests whose client wants a stream and no JSON; their body has been read. */
export function eventStreamHandler(deps: EventStreamDeps): RequestHandler {
  return async (request, response, next) => {
    if (request.accepts(['application/json', 'text/event-stream']) !== 'text/event-stream') {
      next();
      return;
    }
    const context = await createContext(deps.services, request);
    // The client may be gone already, and nobody would hear of it any more.
    if (response.closed) return;
    const stream = new EventStream(response, deps.limits);
    const admitted = deps.subscribers.admit(context.apiKey, (reason) => stream.end(reason));
    if (admitted.refusal !== undefined) {
      refuse(response, admitted.refusal);
      return;
    }
    try {
      await serve(deps.execution, request.body, context, stream);
    } finally {
      admitted.leave();
    }
  };
}

async function serve(
  execution: SubscriptionExecution,
  body: unknown,
  context: GraphqlContext,
  stream: EventStream,
): Promise<void> {
  const prepared = execution.prepare(body ?? {}, context);
  const results = prepared.args ? await execution.run(prepared.args) : prepared;
  if (Symbol.asyncIterator in results) await stream.sendAll(results);
  else await stream.send(results);
  stream.complete();
}

function refuse(response: Response, message: string): void {
  response
    .status(503)
    .set('retry-after', '10')
    .json({ errors: [{ message, extensions: { code: 'SERVICE_UNAVAILABLE' } }] });
}

class EventStream {
  private ended = false;
  private results: Results | undefined;
  private keepAlive: NodeJS.Timeout | undefined;

  constructor(
    private readonly response: Response,
    private readonly limits: EventStreamDeps['limits'],
  ) {
    response.once('close', () => this.close());
  }

  /** One after the other, each when the one before is on its way: what the client does not take is not fetched. */
  async sendAll(results: Results): Promise<void> {
    this.results = results;
    if (this.ended) await results.return(undefined);
    this.open();
    for await (const result of results) {
      if (this.ended) return;
      await this.send(result);
    }
  }

  async send(result: ExecutionResult): Promise<void> {
    this.open();
    await this.write(`event: next\ndata: ${JSON.stringify(result)}\n\n`);
  }

  /** Everything is said. */
  complete(): void {
    if (this.ended) return;
    this.response.end('event: complete\ndata:\n\n');
    this.close();
  }

  /** From this side, before everything is said. A client that is not told `complete` comes again. */
  end(reason: EndReason): void {
    if (this.ended) return;
    if (reason === 'stopping') {
      if (this.response.headersSent) this.response.end();
      this.close();
      return;
    }
    const { message, extensions } = unauthenticated('The API key has been revoked or has expired.');
    const errors = [{ message, extensions: { code: extensions['code'] } }];
    this.open();
    this.response.write(`event: next\ndata: ${JSON.stringify({ errors })}\n\n`);
    this.complete();
  }

  private open(): void {
    if (this.response.headersSent || this.ended) return;
    this.response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      // Some proxies would rather wait for more.
      'x-accel-buffering': 'no',
    });
    this.response.write(':\n\n');
    this.keepAlive = setInterval(() => {
      if (this.response.writableLength === 0) this.response.write(':\n\n');
    }, this.limits.keepAliveMs);
  }

  private async write(text: string): Promise<void> {
    if (this.ended) return;
    const tooSlow = setTimeout(() => this.response.destroy(), this.limits.slowMs);
    await new Promise<void>((resolve) => {
      this.response.once('close', resolve);
      this.response.write(text, () => {
        this.response.off('close', resolve);
        resolve();
      });
    });
    clearTimeout(tooSlow);
  }

  private close(): void {
    this.ended = true;
    clearInterval(this.keepAlive);
    this.results
      ?.return(undefined)
      .catch((error: unknown) => this.response.destroy(error as Error));
  }
}
