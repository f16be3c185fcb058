import { type ServerLimits } from './server-limits';

/** What the worker is started with. */
export interface WorkerTask {
  readonly dataDir: string;
  readonly limits: Partial<ServerLimits>;
}

/** What the worker tells the thread that started it. */
export type WorkerMessage =
  | { readonly type: 'ready'; readonly uri: string }
  | { readonly type: 'failed'; readonly locked: boolean; readonly message: string };
