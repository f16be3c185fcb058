/** Which way of disabling accounts a target has. */
import { type LdapSettings } from '../settings';
import { type ActivationName, type VendorProfile } from '../vendor/profile';
import { ACCOUNT_CONTROL } from './account-control';
import { ACCOUNT_LOCK } from './account-lock';
import { ACCOUNT_LOCKED_TIME } from './account-locked-time';
import { byAttribute } from './by-attribute';
import { byContainer } from './by-container';
import { type ActivationStrategy } from './strategy';

const STRATEGIES: Readonly<Record<ActivationName, ActivationStrategy>> = {
  pwdAccountLockedTime: ACCOUNT_LOCKED_TIME,
  nsAccountLock: ACCOUNT_LOCK,
  userAccountControl: ACCOUNT_CONTROL,
};

/** A strategy, and why it cannot be used here, when it cannot. */
export interface Choice {
  /** Also tells disabled accounts from others where nothing may be changed. */
  readonly strategy: ActivationStrategy;
  readonly unusable?: string;
}

/** As the settings say, else as the vendor does it. */
export function chooseActivation(
  settings: LdapSettings,
  profile: VendorProfile,
  server: { readonly passwordPolicy: boolean },
): Choice {
  const { by, needsPasswordPolicy } = profile.activation;
  const { activation } = settings;
  if (activation === 'none') {
    return { strategy: STRATEGIES[by], unusable: 'activation is none' };
  }
  if (activation === 'attribute') return { strategy: byAttribute(settings) };
  if (activation === 'container') return { strategy: byContainer(settings) };
  if (activation !== 'auto') return { strategy: STRATEGIES[activation] };
  return needsPasswordPolicy && !server.passwordPolicy
    ? { strategy: STRATEGIES[by], unusable: 'the directory has no password policy' }
    : { strategy: STRATEGIES[by] };
}
