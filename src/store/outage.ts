/** Outages of the database, as the one error that every protocol has an answer for. */
import mongoose, { type Connection, mongo } from 'mongoose';
import { StoreUnavailable } from '../domain/error';

/** So long somebody is let wait for a database that went away: another member of its replica set may take over. */
const PATIENCE_MS = 5_000;

const AWAY = [
  mongo.MongoNetworkError,
  mongo.MongoServerSelectionError,
  mongo.MongoNotConnectedError,
  mongo.MongoTopologyClosedError,
  mongo.MongoClientClosedError,
  mongo.MongoServerClosedError,
  mongo.MongoOperationTimeoutError,
  // The connection ended where an answer was due.
  mongo.MongoUnexpectedServerResponseError,
  // What was written was not confirmed by the other members of the replica set.
  mongo.MongoWriteConcernError,
  mongoose.Error.MongooseServerSelectionError,
] as const;

/** What a server answers that is shutting down, or may no longer write (the names are MongoDB's). */
const PASSING: ReadonlyMap<unknown, string> = new Map([
  [91, 'ShutdownInProgress'],
  [189, 'PrimarySteppedDown'],
  [10107, 'NotWritablePrimary'],
  [11600, 'InterruptedAtShutdown'],
  [11602, 'InterruptedDueToReplStateChange'],
  [13435, 'NotPrimaryNoSecondaryOk'],
  [13436, 'NotPrimaryOrSecondary'],
]);

function isOutage(error: unknown): boolean {
  if (AWAY.some((kind) => error instanceof kind) || isSocketError(error)) return true;
  // Of a bulk write that was cut off the driver says only that: nothing of it was refused.
  if (error instanceof mongo.MongoBulkWriteError && error.code === undefined) {
    return ![error.writeErrors].flat().some(({ code }) => code !== undefined);
  }
  return error instanceof mongo.MongoServerError && PASSING.has(error.code);
}

/** The driver lets some of them out as they are: EPIPE, ECONNRESET. */
function isSocketError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && 'errno' in error;
}

/** Watches a connection, and tells whoever uses it that the database is away. */
export class Outages {
  private awaySince: number | undefined;

  constructor(connection: Connection) {
    connection.getClient().on('topologyDescriptionChanged', ({ newDescription }) => {
      this.awaySince = newDescription.hasKnownServers
        ? undefined
        : (this.awaySince ?? performance.now());
    });
  }

  /**
   * The same repository, except that its methods reject with {@link StoreUnavailable} while the database is away: at once
   * when that has been known for a while, so that what comes meanwhile does not pile up.
   */
  reported<Repository extends object>(repository: Repository): Repository {
    const methods = new Map<PropertyKey, unknown>();
    return new Proxy(repository, {
      get: (target, property) => {
        const known = methods.get(property);
        if (known !== undefined) return known;
        const member: unknown = Reflect.get(target, property, target);
        if (typeof member !== 'function') return member;
        const method = (...input: unknown[]): unknown => {
          if (this.isAway) return Promise.reject(new StoreUnavailable('It has been away.'));
          const answer: unknown = Reflect.apply(member, target, input);
          return answer instanceof Promise ? answer.catch(rethrow) : answer;
        };
        methods.set(property, method);
        return method;
      },
    });
  }

  /** The same for all repositories of an object, also those in objects of it; what is no repository stays as it is. */
  reportedAll<Parts extends object>(parts: Parts): Parts {
    const reported = Object.entries(parts).map(([name, part]: [string, unknown]) => [
      name,
      this.reportedPart(part),
    ]);
    return Object.fromEntries(reported) as Parts;
  }

  private reportedPart(part: unknown): unknown {
    if (typeof part !== 'object' || part === null) return part;
    const isRepository = Object.getPrototypeOf(part) !== Object.prototype;
    return isRepository ? this.reported(part) : this.reportedAll(part);
  }

  private get isAway(): boolean {
    return this.awaySince !== undefined && performance.now() - this.awaySince > PATIENCE_MS;
  }
}

function rethrow(error: unknown): never {
  throw isOutage(error) ? new StoreUnavailable(error) : error;
}
