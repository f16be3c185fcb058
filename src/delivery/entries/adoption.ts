/** What an administrator decides about an entry that a disputed resource may have. */
import { type Binding, type Candidate } from '../../domain/binding';
import { type DeliveryTargets, type WorkQueue } from '../../domain/delivery-ports';
import { DomainError } from '../../domain/error';
import { type Clock, withDeadline } from '../clock';
import { type ConnectorHost } from '../connectors/connector-host';
import { describeError, type Log } from '../log';
import { entryKind } from './planner';

/** Somebody waits for it. */
const PATIENCE_MS = 5_000;

export interface AdoptionDeps {
  readonly targets: Pick<DeliveryTargets, 'find'>;
  readonly queue: Pick<WorkQueue, 'choose'>;
  readonly host: Pick<ConnectorHost, 'withConnector'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly wake: (targetId: string, ruleId: string) => void;
}

export class Adoption {
  constructor(private readonly deps: AdoptionDeps) {}

  /**
   * Notes the choice; a delivery takes the entry, and looks once more whether it is there and nobody's. Throws
   * `unavailable`.
   */
  async adopt(
    binding: Binding,
    candidate: Candidate,
  ): Promise<Binding | 'gone' | 'taken' | undefined> {
    const entry = await this.read(binding, candidate);
    if (!entry) return 'gone';
    const { queue, clock, wake } = this.deps;
    const chosen = await queue.choose(binding.id, entry, clock.now());
    if (chosen !== undefined && chosen !== 'taken') wake(binding.targetId, binding.ruleId);
    return chosen;
  }

  /** As it stands in the directory now. */
  private async read(
    { targetId, resourceType }: Binding,
    candidate: Candidate,
  ): Promise<Candidate | undefined> {
    const { targets, host, clock, log } = this.deps;
    const target = await targets.find(targetId);
    const kind = entryKind(resourceType);
    if (!target || !kind) return undefined;
    try {
      const entry = await host.withConnector(target, (connector) =>
        withDeadline(clock, PATIENCE_MS, (signal) =>
          connector.read(kind, candidate, [], { signal }),
        ),
      );
      return entry && { reference: entry.reference, name: entry.name };
    } catch (error) {
      log('info', 'An entry could not be read', { targetId, ...describeError(error) });
      const own = error instanceof Error && error.name === 'ConnectorError';
      const reason = own ? error.message : 'See the log of the gateway.';
      throw new DomainError('unavailable', `The directory does not show the entry. ${reason}`, {
        cause: error,
      });
    }
  }
}
