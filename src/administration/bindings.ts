import { type Binding } from '../domain/binding';
import { DomainError } from '../domain/error';
import { type DeliveryControl } from '../domain/ports';
import { refused, type Outcome } from './issue';

/** What administrators do to bindings. */
export class Bindings {
  constructor(private readonly delivery: DeliveryControl) {}

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
}
