/** Disabled accounts stand in a container of their own; what reads the directory must not look there. */
import { isDisabledPlace } from '../placement';
import { type LdapSettings } from '../settings';
import { type ActivationStrategy } from './strategy';

export function byContainer(settings: LdapSettings): ActivationStrategy {
  return {
    attributes: [],
    isActive: (raw) => !isDisabledPlace(raw.dn, settings),
    atCreation: () => ({}),
    changes: () => [],
    needsCurrent: false,
    moves: true,
  };
}
