/** `operationUpdated`: how far an operation has got, whichever process carries it out. */
import { DomainError } from '../../domain/error';
import { type Operation, type OperationReader } from '../../domain/operation';
import { type ErrorLog } from '../error';
import { abortable } from './abortable';
import { Pulse } from './pulse';

/** More often nobody is told. */
const EVERY_MS = 500;

type Found = ReadonlyMap<string, Operation>;

export class OperationFeed {
  private readonly pulse: Pulse<Found>;
  /** How many watch each operation: all of them are looked at with one query. */
  private readonly watched = new Map<string, number>();

  constructor(
    private readonly operations: Pick<OperationReader, 'findAll'>,
    log: ErrorLog,
  ) {
    const look = (): Promise<Found> => this.find([...this.watched.keys()]);
    this.pulse = new Pulse({ what: 'Operations', look, everyMs: EVERY_MS, log });
  }

  /** The operation as it is, and after every change; it is over when the operation is. */
  updated(id: string): AsyncGenerator<Operation, void, undefined> {
    return abortable((signal) => this.follow(id, signal));
  }

  private async *follow(
    id: string,
    signal: AbortSignal,
  ): AsyncGenerator<Operation, void, undefined> {
    let told = (await this.find([id])).get(id);
    if (told === undefined) throw new DomainError('notFound', 'There is no such operation.');
    this.watched.set(id, (this.watched.get(id) ?? 0) + 1);
    try {
      yield told;
      if (told.finishedAt !== undefined) return;
      for await (const found of this.pulse.watch(signal)) {
        const now = found.get(id);
        if (now === undefined || now.version === told.version) continue;
        told = now;
        yield now;
        if (now.finishedAt !== undefined) return;
      }
    } finally {
      const others = (this.watched.get(id) ?? 1) - 1;
      if (others === 0) this.watched.delete(id);
      else this.watched.set(id, others);
    }
  }

  private async find(ids: readonly string[]): Promise<Found> {
    const found = await this.operations.findAll(ids);
    return new Map(found.map((operation) => [operation.id, operation]));
  }
}
