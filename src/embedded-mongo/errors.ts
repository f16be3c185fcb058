import { type BsonDocument } from './bson/types';

/** MongoDB's numeric error codes with their names, for the errors this server can answer. */
const CODE_NAMES: Record<number, string> = {
  1: 'InternalError',
  2: 'BadValue',
  9: 'FailedToParse',
  14: 'TypeMismatch',
  15: 'Overflow',
  17: 'ProtocolError',
  20: 'IllegalOperation',
  26: 'NamespaceNotFound',
  27: 'IndexNotFound',
  28: 'PathNotViable',
  40: 'ConflictingUpdateOperators',
  43: 'CursorNotFound',
  48: 'NamespaceExists',
  50: 'MaxTimeMSExpired',
  51: 'CursorInUse',
  52: 'DollarPrefixedFieldName',
  54: 'NotSingleValueField',
  56: 'EmptyFieldName',
  59: 'CommandNotFound',
  66: 'ImmutableField',
  67: 'CannotCreateIndex',
  72: 'InvalidOptions',
  73: 'InvalidNamespace',
  85: 'IndexOptionsConflict',
  86: 'IndexKeySpecsConflict',
  91: 'ShutdownInProgress',
  171: 'CannotIndexParallelArrays',
  175: 'QueryPlanKilled',
  197: 'InvalidIndexSpecificationOption',
  238: 'NotImplemented',
  292: 'QueryExceededMemoryLimitNoDiskUseAllowed',
  10334: 'BSONObjectTooLarge',
  11000: 'DuplicateKey',
};

/** A failure the client caused or must know about; it becomes a MongoDB error reply. */
export class CommandError extends Error {
  readonly codeName: string;

  constructor(
    readonly code: number,
    message: string,
    /** Further fields of the error reply, such as keyPattern and keyValue. */
    readonly details?: BsonDocument,
  ) {
    super(message);
    this.codeName = CODE_NAMES[code] ?? `Location${code}`;
  }
}

/** The value or its shape is wrong. */
export function badValue(message: string): CommandError {
  return new CommandError(2, message);
}

/** The request could not be parsed. */
export function failedToParse(message: string): CommandError {
  return new CommandError(9, message);
}

/** MongoDB knows this feature, this server refuses it. */
export function notImplemented(feature: string): CommandError {
  return new CommandError(238, `${feature} is not supported by the embedded server`);
}
