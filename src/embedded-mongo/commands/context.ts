import { type Encodable } from '../bson/encode';
import { type Store } from '../storage/store';
import { type WriteQueue } from '../storage/write-queue';
import { type CursorRegistry } from './cursor-registry';
import { type CommandRequest } from './request';

/** What commands work with. */
export interface ServerContext {
  readonly store: Store;
  readonly writes: WriteQueue;
  readonly cursors: CursorRegistry;
}

/** The fields of a reply; `ok` is added by the dispatcher. */
export type Reply = Map<string, Encodable>;

/** One command of the server. */
export interface Command {
  /** Besides the generic ones. The command's own name is always allowed. */
  readonly options: ReadonlySet<string>;
  run(context: ServerContext, request: CommandRequest): Reply | Promise<Reply>;
}
