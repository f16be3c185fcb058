import { RawDocument, reply } from '../bson/encode';
import { type Reply, type ServerContext } from './context';
import { type CursorOwner, type DocumentSource } from './cursor-registry';
import { type Deadline } from '../storage/scan';

/** MongoDB's number of documents in a first batch when the client names none. */
const FIRST_BATCH = 101;

/** How a cursor is opened. */
export interface CursorOptions {
  readonly namespace: string;
  readonly owner: CursorOwner;
  readonly batchSize: number | undefined;
  readonly deadline: Deadline;
  readonly singleBatch?: boolean;
  readonly keepLonger?: boolean;
}

/** Documents that go into a reply as they are stored. */
export function rawDocuments(documents: readonly Buffer[]): RawDocument[] {
  return documents.map((bytes) => new RawDocument(bytes));
}

/** The reply of a command that opens a cursor, with the first documents. */
export function openCursor(
  context: ServerContext,
  source: DocumentSource,
  options: CursorOptions,
): Reply {
  const { namespace, owner, batchSize, deadline, singleBatch } = options;
  const count = batchSize ?? FIRST_BATCH;
  const firstBatch = count === 0 ? [] : source.next(count, deadline);
  const open = !source.done && singleBatch !== true;
  const keepLonger = options.keepLonger === true;
  const cursor = { namespace, source, owner, keepLonger, deadline };
  const id = open ? context.cursors.add(cursor) : 0n;
  return reply({
    cursor: reply({ firstBatch: rawDocuments(firstBatch), id, ns: namespace }),
  });
}
