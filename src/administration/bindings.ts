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

  /** Lets a disputed binding have the entry with that reference, one of its candidates. */
  async adopt(id: string, reference: string): Promise<Outcome<Binding>> {
    const binding = await this.bindings.find(id);
    if (binding === undefined) return refused('NOT_FOUND', ['id'], 'There is no such binding.');
    const notDisputed = refused('CONFLICT', ['id'], 'The binding is not disputed.');
    const { candidates } = binding;
    if (candidates === undefined) return notDisputed;
    const entry = candidates.find((candidate) => candidate.reference === reference);
    if (entry === undefined) {
      const message = 'This entry is not among the candidates of the binding.';
      return refused('INVALID', ['reference'], message);
    }
    const adopted = await this.delivery.adopt(binding, entry);
    if (adopted === undefined) return notDisputed;
    if (adopted === 'gone') {
      const message = 'The entry is no longer in the directory. Retry the binding.';
      return refused('NOT_FOUND', ['reference'], message);
    }
    if (adopted === 'taken') {
      const message = 'The entry belongs to another resource.';
      return refused('CONFLICT', ['reference'], message);
    }
    return { value: adopted };
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
