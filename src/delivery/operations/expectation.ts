/** How an entry should stand when nothing is on the way to it: what a delivery would bring about, without one. */
import { type EntryKind } from '../../../connectors/spi';
import { type MappedAttributes } from '../../domain/mapping';
import { type Resource } from '../../domain/resource';
import { type SyncRule } from '../../domain/sync-rule';
import { type Target } from '../../domain/target';
import { type DesiredEntries, type FindNames } from '../entries/desired-entries';
import { type HostedConnector } from '../connectors/hosted-connector';
import { entryKind, isHeld, isLetGo, onRemoved, plan } from '../entries/planner';

export type Expectation =
  | {
      readonly wants: 'entry';
      readonly kind: EntryKind;
      readonly attributes: MappedAttributes;
      readonly active: boolean;
    }
  /** It stays, and grants nothing. */
  | { readonly wants: 'disabled'; readonly kind: EntryKind }
  | { readonly wants: 'nothing' };

export interface Expected {
  readonly resource: Resource;
  readonly rule: SyncRule | undefined;
  readonly target: Target;
  readonly connector: HostedConnector;
}

/** Throws `MappingFailed`. */
export async function expectationOf(
  { resource, rule, target, connector }: Expected,
  desired: DesiredEntries,
  find: FindNames,
): Promise<Expectation> {
  const syncAs = rule?.syncAs.find(({ targetId }) => targetId === target.id);
  const leaving = syncAs ? undefined : onRemoved(rule, target.id);
  if (!rule || isHeld(rule) || isLetGo({ resource, rule, syncAs, leaving })) {
    return { wants: 'nothing' };
  }
  const planned = plan({
    resource,
    rule,
    syncAs,
    leaving,
    capabilities: connector.capabilities,
    hasEntry: true,
    inScope: () => !syncAs || desired.inScope(resource, rule, syncAs),
    isActive: () => desired.isActive(resource, rule),
  });
  const kind = entryKind(resource.resourceType);
  if (!kind || !syncAs) return { wants: 'nothing' };
  switch (planned.action) {
    case 'ensure':
      return {
        wants: 'entry',
        kind,
        attributes: await desired.evaluate(
          kind,
          resource,
          { rule, syncAs, target, connector },
          find,
        ),
        active: planned.active,
      };
    case 'disable':
    case 'condemn':
      return { wants: 'disabled', kind };
    default:
      return { wants: 'nothing' };
  }
}
