/** How a delivery can end other than well, beside the connector's own `ConnectorError`. */

/** Another worker has the lease: this one must stop and write nothing. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** Somebody asked for the end of an operation. */
export class OperationCancelled extends Error {
  override readonly name = 'OperationCancelled';
}

/** An operation cannot go on; the message is for administrators and says why. */
export class OperationFailed extends Error {
  override readonly name = 'OperationFailed';
}

/** The mapping has no result for a resource; the message names attribute, expression and value. */
export class MappingFailed extends Error {
  override readonly name = 'MappingFailed';

  constructor(
    message: string,
    readonly attribute: string | undefined,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A connector broke its contract: it let out a foreign error, or answered what cannot be. */
export class ConnectorFault extends Error {
  override readonly name = 'ConnectorFault';
}
