/** How a delivery can end other than well, beside the connector's own `ConnectorError`. */
import { ConnectorError, type EntryRef } from '../../connectors/spi';
import { type Candidate, type HeldFor, MOST_CANDIDATES } from '../domain/binding';
import { type GuardedAct } from '../domain/guard';

/** Another worker has the lease: this one must stop and write nothing. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** The rule was changed since this delivery read it: what it would destroy has to be decided anew. */
export class RuleChanged extends Error {
  override readonly name = 'RuleChanged';
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

/** An entry that the resource should have is another resource's. */
export class EntryTaken extends ConnectorError {
  readonly entry: Candidate;

  constructor({ reference, name }: EntryRef) {
    super(
      'conflict',
      `The entry "${name}" already belongs to another resource of this gateway. Give one of the two another name, or remove one of them.`,
    );
    this.entry = { reference, name };
  }
}

/** Which entry is the resource's cannot be decided here: an administrator has to choose one. */
export class Disputed extends Error {
  override readonly name = 'Disputed';
  readonly candidates: readonly Candidate[];

  constructor(message: string, entries: readonly EntryRef[]) {
    super(message);
    this.candidates = entries
      .slice(0, MOST_CANDIDATES)
      .map(({ reference, name }) => ({ reference, name }));
  }
}

/** The guard does not let a delivery destroy what it would have to. */
export class HeldBack extends Error {
  override readonly name = 'HeldBack';

  constructor(
    readonly reason: HeldFor,
    readonly act: GuardedAct,
    /** The trip of the guard, where it is held for the threshold. */
    readonly trip?: number,
    /** Marks of the resends that were delivered all the same. */
    readonly resent: readonly string[] = [],
  ) {
    super('The guard holds this delivery back');
  }
}
