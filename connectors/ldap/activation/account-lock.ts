/** 389 Directory Server's own switch: a locked account is told so when it signs in. */
import { attributeValues, rawValues } from '../values';
import { type ActivationStrategy } from './strategy';

const ATTRIBUTE = 'nsAccountLock';

export const ACCOUNT_LOCK: ActivationStrategy = {
  attributes: [ATTRIBUTE],
  isActive: (raw) => attributeValues(rawValues(raw, ATTRIBUTE))[0]?.toLowerCase() !== 'true',
  atCreation: (active): Record<string, readonly string[]> =>
    active ? {} : { [ATTRIBUTE]: ['true'] },
  changes: (active) => [{ attribute: ATTRIBUTE, values: active ? [] : ['true'] }],
  needsCurrent: false,
};
