/** Subscriptions as clients use them, over either transport. */
import { createClient as createEventClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

// Tests look inside whatever came.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Result = { readonly data?: any; readonly errors?: readonly any[] };

export interface Watcher {
  /** Everything that came. */
  readonly results: readonly Result[];
  /** Resolves when it is over: undefined after `complete`, otherwise what went wrong. */
  readonly over: Promise<unknown>;
  close(): void;
}

export interface Watch {
  readonly url: string;
  readonly token?: string;
  readonly query: string;
  readonly variables?: Record<string, unknown>;
}

export type Transport = (watch: Watch) => Watcher;

interface Client {
  subscribe(
    payload: { readonly query: string; readonly variables?: Record<string, unknown> },
    sink: {
      next(result: unknown): void;
      error(error: unknown): void;
      complete(): void;
    },
  ): () => void;
}

function watch(client: Client, { query, variables }: Watch, dispose: () => void): Watcher {
  const results: Result[] = [];
  let end: () => void = () => undefined;
  const over = new Promise<unknown>((resolve) => {
    end = client.subscribe(
      { query, ...(variables ? { variables } : {}) },
      {
        next: (result) => results.push(result as Result),
        error: resolve,
        complete: () => resolve(undefined),
      },
    );
  });
  return {
    results,
    over,
    close: () => {
      end();
      dispose();
    },
  };
}

export const overWebSocket: Transport = (one) => {
  const client = createClient({
    url: `${one.url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    onNonLazyError: () => undefined,
    ...(one.token === undefined
      ? {}
      : { connectionParams: { Authorization: `Bearer ${one.token}` } }),
  });
  return watch(client, one, () => {
    // Who leaves while it is being refused does not care.
    Promise.resolve(client.dispose()).catch(() => undefined);
  });
};

export const overEventStream: Transport = (one) => {
  const client = createEventClient({
    url: `${one.url}/graphql`,
    retryAttempts: 0,
    ...(one.token === undefined ? {} : { headers: { authorization: `Bearer ${one.token}` } }),
  });
  return watch(client, one, () => client.dispose());
};

/** Errors of the operation, however the transport tells them. */
export async function refusalOf(watcher: Watcher): Promise<readonly unknown[]> {
  const over = await watcher.over;
  watcher.close();
  if (Array.isArray(over)) return over;
  return watcher.results[0]?.errors ?? [over];
}
