import { Double } from 'bson';
import { type Encodable } from '../bson/encode';
import { type BsonDocument } from '../bson/types';
import { CommandError } from '../errors';
import { aggregate } from './aggregate';
import { create, drop, dropDatabase, listCollections, listDatabases } from './collections';
import { type Command, type Reply, type ServerContext } from './context';
import { count, distinct } from './count-distinct';
import { explain, find, getMore, killCursors } from './find';
import { buildInfo, connectionStatus, endSessions, hello, ping } from './handshake';
import { createIndexes, dropIndexes, listIndexes } from './indexes';
import { insert } from './insert';
import { CommandRequest, type SentDocument } from './request';
import { findAndModify, remove, update } from './write-statements';

const COMMANDS = new Map<string, Command>(
  Object.entries({
    hello,
    ismaster: hello,
    isMaster: hello,
    ping,
    buildInfo,
    buildinfo: buildInfo,
    connectionStatus,
    endSessions,
    find,
    getMore,
    killCursors,
    explain,
    count,
    distinct,
    aggregate,
    insert,
    update,
    delete: remove,
    findAndModify,
    findandmodify: findAndModify,
    createIndexes,
    listIndexes,
    dropIndexes,
    listCollections,
    create,
    drop,
    dropDatabase,
    listDatabases,
  }),
);

/** A command as the wire delivers it. */
export interface IncomingCommand {
  readonly body: BsonDocument;
  readonly sequences: ReadonlyMap<string, readonly SentDocument[]>;
  readonly connectionId: number;
}

/** Turns any failure into an error reply. Details of unexpected ones stay inside. */
export function errorReply(error: unknown): Reply {
  const known =
    error instanceof CommandError
      ? error
      : new CommandError(1, `the embedded server failed: ${describe(error)}`);
  const fields: [string, Encodable][] = [
    ['ok', new Double(0)],
    ['errmsg', known.message],
    ['code', known.code],
    ['codeName', known.codeName],
    ...(known.details ?? []),
  ];
  return new Map(fields);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown reason';
}

/** Runs one command and always answers. */
export async function runCommand(
  context: ServerContext,
  { body, sequences, connectionId }: IncomingCommand,
): Promise<Reply> {
  try {
    const name = body.keys().next().value ?? '';
    const command = COMMANDS.get(name);
    if (command === undefined) throw new CommandError(59, `no such command: '${name}'`);
    const request = new CommandRequest(name, body, sequences, connectionId);
    request.allow(command.options);
    const answer = await command.run(context, request);
    return new Map([...answer, ['ok', new Double(1)]]);
  } catch (error) {
    return errorReply(error);
  }
}
