/** Subscriptions: the WebSocket and the event stream at /graphql, and what both stand on. */
import { type IncomingMessage } from 'node:http';
import { type Duplex } from 'node:stream';
import { type RequestHandler } from 'express';
import { type GraphqlServices } from '../context';
import { eventStreamHandler } from './event-stream';
import { type ExecutionOptions, SubscriptionExecution } from './execution';
import { SUBSCRIBER_LIMITS, type SubscriberLimits, Subscribers } from './subscribers';
import { WebSocketTransport } from './web-socket';

export { type SubscriberLimits } from './subscribers';

export interface SubscriptionOptions extends ExecutionOptions {
  readonly services: GraphqlServices;
  readonly subscriberLimits?: Partial<SubscriberLimits>;
}

export interface Subscriptions {
  /** Behind the body parser; passes on what wants no event stream. */
  readonly eventStreams: RequestHandler;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Ends all connections, which would otherwise outlive the server they came to. */
  readonly end: () => void;
}

export function createSubscriptions(options: SubscriptionOptions): Subscriptions {
  const { services, log } = options;
  const limits = { ...SUBSCRIBER_LIMITS, ...options.subscriberLimits };
  const execution = new SubscriptionExecution(options);
  const { apiKeys } = services.administration;
  const subscribers = new Subscribers({ limits, log, isInForce: (key) => apiKeys.isInForce(key) });
  const deps = { services, execution, subscribers, limits, log };
  const webSockets = new WebSocketTransport(deps);
  return {
    eventStreams: eventStreamHandler(deps),
    upgrade: (request, socket, head) => {
      webSockets.upgrade(request, socket, head).catch((error: unknown) => {
        log.error({ err: error }, 'A WebSocket could not be opened');
        socket.destroy();
      });
    },
    end: () => {
      subscribers.stop();
      webSockets.stop();
    },
  };
}
