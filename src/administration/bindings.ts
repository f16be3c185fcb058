import { type Binding } from '../domain/binding';
import { DomainError } from '../domain/error';
import { type BindingReader, type DeliveryControl } from '../domain/ports';
import { refused, type Outcome } from './issue';

/** What administrators do to bindings. */
export class Bindings {
  constructor(
    private readonly delivery: DeliveryControl,
    private readonly bindings: Pick<BindingReader, 'find'>,
  ) {}

  /** Delivers again, now; also a parked binding. */
  async retry(id: string): Promise<Outcome<Binding>> {
    try {
      const binding = await this.delivery.retry(id);
      if (binding === undefined) return refused('NOT_FOUND', ['id'], 'There is no such binding.');
      return { value: binding };
    } catch (error) {
      if (error instanceof DomainError && error.code === 'conflict') {
        return refused('CONFLICT', ['id'], error.message);
      }
      throw error;
    }
  }

  /** Deletes an entry that waits for its deletion, now. */
  async deleteNow(id: string): Promise<Outcome<Binding>> {
    const binding = await this.delivery.deleteNow(id);
    if (binding !== undefined) return { value: binding };
    return (await this.bindings.find(id)) === undefined
      ? refused('NOT_FOUND', ['id'], 'There is no such binding.')
      : refused('CONFLICT', ['id'], 'The entry does not wait for its deletion.');
  }
}
