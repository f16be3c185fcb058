/** Subscriptions over WebSockets, by the protocol graphql-transport-ws. */
import { randomUUID } from 'node:crypto';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { type Duplex } from 'node:stream';
import { type ExecutionArgs, type GraphQLError } from 'graphql';
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, makeServer, type Server } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { type ApiKey } from '../../domain/credential';
import { authenticate, contextOf, type GraphqlServices } from '../context';
import { type ErrorLog } from '../error';
import { type SubscriptionExecution } from './execution';
import { SocketLink } from './socket-link';
import { type SubscriberLimits, type Subscribers } from './subscribers';

export interface WebSocketDeps {
  readonly services: GraphqlServices;
  readonly execution: SubscriptionExecution;
  readonly subscribers: Subscribers;
  readonly limits: SubscriberLimits;
  readonly log: ErrorLog;
}

/** What the protocol's server knows of a connection beside its own state. */
interface Connection {
  readonly link: SocketLink;
  readonly authorization: string | undefined;
  isClosed: boolean;
  key?: ApiKey;
  leave?: () => void;
}

/** A subscription's document and variables. */
const MAX_MESSAGE_BYTES = 256 * 1024;

export class WebSocketTransport {
  private readonly acceptor = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    // Answered by the link, which counts.
    autoPong: false,
    clientTracking: false,
    handleProtocols: () => GRAPHQL_TRANSPORT_WS_PROTOCOL,
  });
  private readonly protocol: Server<Connection>;
  private readonly strangers = new Set<SocketLink>();

  constructor(private readonly deps: WebSocketDeps) {
    this.protocol = makeServer<Record<string, unknown>, Connection>({
      onConnect: ({ extra, connectionParams }) => this.letIn(extra, connectionParams ?? {}),
      onSubscribe: ({ extra, subscriptions }, _id, payload) =>
        this.prepare(extra, Object.keys(subscriptions).length, payload),
      subscribe: (args) => this.deps.execution.run(args),
    });
  }

  /** Answers a request to become a WebSocket. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    const { authorization } = request.headers;
    const refusal = this.refusalOf(request);
    if (refusal !== undefined) return refuse(socket, ...refusal);
    // With a header that is wrong the answer is HTTP's, which says more than a closed socket.
    if (authorization !== undefined) {
      try {
        await authenticate(this.deps.services, authorization);
      } catch {
        return refuse(socket, 401, 'The API key is unknown, revoked or expired.');
      }
    }
    this.acceptor.handleUpgrade(request, socket, head, (accepted) =>
      this.serve(accepted, authorization),
    );
  }

  stop(): void {
    for (const link of [...this.strangers]) link.close(1001, 'Going away');
  }

  private refusalOf(
    request: IncomingMessage,
  ): readonly [status: number, message: string] | undefined {
    const { headers, url = '' } = request;
    if (!/^\/graphql\/?(\?|$)/.test(url)) return [404, 'There are WebSockets at /graphql only.'];
    // A page of somebody else must not speak for who looks at it (RFC 6455 section 10.2).
    if (headers.origin !== undefined && !this.isOwn(headers.origin, headers.host)) {
      return [403, 'WebSockets are not for pages of other origins.'];
    }
    const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
    if (!offered.includes(GRAPHQL_TRANSPORT_WS_PROTOCOL)) {
      return [400, `Speak ${GRAPHQL_TRANSPORT_WS_PROTOCOL} (Sec-WebSocket-Protocol).`];
    }
    const { subscribers, limits } = this.deps;
    if (subscribers.refusal !== undefined) return [503, subscribers.refusal];
    if (this.strangers.size < limits.maxStrangers) return undefined;
    return [503, 'Too many WebSockets have not said who they are. Try again later.'];
  }

  private isOwn(origin: string, host: string | undefined): boolean {
    if (!URL.canParse(origin)) return false;
    const from = new URL(origin);
    return from.host === host || from.origin === new URL(this.deps.services.publicUrl()).origin;
  }

  private serve(socket: WebSocket, authorization: string | undefined): void {
    const link = new SocketLink(socket, this.deps.limits, this.deps.log);
    const connection: Connection = { link, authorization, isClosed: false };
    this.strangers.add(link);
    const closed = this.protocol.opened(link, connection);
    socket.once('close', (code, reason) => {
      connection.isClosed = true;
      this.strangers.delete(link);
      connection.leave?.();
      link.closed();
      closed(code, String(reason)).catch((error: unknown) => link.fail(error));
    });
  }

  /** False: not let in. Never throws, for what is thrown here would be told to the client. */
  private async letIn(
    connection: Connection,
    params: Readonly<Record<string, unknown>>,
  ): Promise<boolean> {
    const { services, subscribers, log } = this.deps;
    const { link } = connection;
    try {
      const given = params['Authorization'] ?? params['authorization'] ?? connection.authorization;
      const key = await authenticate(services, typeof given === 'string' ? given : undefined);
      const admitted = subscribers.admit(key, (reason) => {
        if (reason === 'revoked') link.close(CloseCode.Forbidden, 'Forbidden');
        else link.close(1001, 'Going away');
      });
      if (admitted.refusal !== undefined) {
        // Not a fatal code of the protocol: clients try again later.
        link.close(1013, admitted.refusal);
        return false;
      }
      // The client may be gone while its key was looked up.
      if (connection.isClosed) {
        admitted.leave();
        return false;
      }
      connection.key = key;
      connection.leave = admitted.leave;
      this.strangers.delete(link);
      return true;
    } catch (error) {
      if (isUnauthenticated(error)) link.close(CloseCode.Unauthorized, 'Unauthorized');
      else {
        log.error({ err: error }, 'A WebSocket could not be let in');
        link.close(1013, 'Try again later');
      }
      return false;
    }
  }

  private prepare(
    { key }: Connection,
    open: number,
    payload: { readonly query: string },
  ): ExecutionArgs | GraphQLError[] {
    const { services, execution, limits } = this.deps;
    if (key === undefined) return [execution.refusal('UNAUTHENTICATED', 'Say who you are.')];
    const context = contextOf(services, key, randomUUID());
    const most = limits.maxSubscriptionsPerConnection;
    if (open > most) {
      return [
        execution.refusal(
          'BAD_REQUEST',
          `One WebSocket has at most ${String(most)} subscriptions. Complete some, or open another one.`,
        ),
      ];
    }
    const prepared = execution.prepare(payload, context);
    return prepared.args ?? [...prepared.errors];
  }
}

function isUnauthenticated(error: unknown): boolean {
  return (
    error instanceof Error &&
    'extensions' in error &&
    (error.extensions as { readonly code?: unknown }).code === 'UNAUTHENTICATED'
  );
}

function refuse(socket: Duplex, status: number, message: string): void {
  socket.end(
    [
      `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`,
      'Connection: close',
      'Content-Type: text/plain; charset=utf-8',
      `Content-Length: ${String(Buffer.byteLength(message) + 1)}`,
      ...(status === 401 ? ['WWW-Authenticate: Bearer realm="usher"'] : []),
      ...(status === 503 ? ['Retry-After: 10'] : []),
      '',
      `${message}\n`,
    ].join('\r\n'),
  );
}
