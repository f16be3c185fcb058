/** Directories that ask the gateway: which targets answer, and what. */
import { type DirectoryRequest, type DirectoryResponse } from '../../../connectors/spi';
import { type DeliveryTargets } from '../../domain/delivery-ports';
import { type Target } from '../../domain/target';
import { type Clock } from '../clock';
import { type ConnectorHost } from './connector-host';

export type Answerer = (request: DirectoryRequest) => Promise<DirectoryResponse>;

/** A login must not cost a look into the store each time. */
const FRESH_MS = 1_000;

export class DirectoryQuestions {
  private readonly known = new Map<string, { readonly target: Target; readonly readAt: number }>();

  constructor(
    private readonly deps: {
      readonly targets: Pick<DeliveryTargets, 'find'>;
      readonly host: ConnectorHost;
      readonly clock: Clock;
    },
  ) {}

  /** Undefined: there is no such target, or it answers nothing. Rejects where the target cannot be opened. */
  async answererOf(targetId: string): Promise<Answerer | undefined> {
    const target = await this.find(targetId);
    if (!target) return undefined;
    const { host } = this.deps;
    const answers = await host.withConnector(target, async ({ capabilities }) =>
      Boolean(capabilities.answers),
    );
    if (!answers) return undefined;
    return (request) => host.withConnector(target, (connector) => connector.answer(request));
  }

  private async find(id: string): Promise<Target | undefined> {
    const { clock, targets } = this.deps;
    const readAt = clock.monotonic();
    const known = this.known.get(id);
    if (known && readAt - known.readAt < FRESH_MS) return known.target;
    const target = await targets.find(id);
    // Only what exists is remembered: anybody may ask for anything.
    if (target) this.known.set(id, { target, readAt });
    else this.known.delete(id);
    return target;
  }
}
