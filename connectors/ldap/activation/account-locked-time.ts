/** The administrator's lock of the password policy draft, which OpenLDAP's ppolicy overlay honours. */
import { attributeValues, rawValues } from '../values';
import { type ActivationStrategy } from './strategy';

const ATTRIBUTE = 'pwdAccountLockedTime';

/** draft-behera-ldap-password-policy section 5.3.3: locked until an administrator unlocks it. */
const LOCKED_FOR_GOOD = '000001010000Z';

export const ACCOUNT_LOCKED_TIME: ActivationStrategy = {
  attributes: [ATTRIBUTE],
  // A lock that the directory itself set after wrong passwords passes by; only the administrator's counts.
  isActive: (raw) => attributeValues(rawValues(raw, ATTRIBUTE))[0] !== LOCKED_FOR_GOOD,
  atCreation: (active): Record<string, readonly string[]> =>
    active ? {} : { [ATTRIBUTE]: [LOCKED_FOR_GOOD] },
  changes: (active) => [{ attribute: ATTRIBUTE, values: active ? [] : [LOCKED_FOR_GOOD] }],
  needsCurrent: false,
};
