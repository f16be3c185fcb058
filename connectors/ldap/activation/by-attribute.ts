/** An attribute of the administrator's choosing says who is disabled; what reads the directory must honour it. */
import { type LdapSettings } from '../settings';
import { attributeValues, rawValues } from '../values';
import { type ActivationStrategy } from './strategy';

export function byAttribute(settings: LdapSettings): ActivationStrategy {
  const { activationAttribute = '', disabledValue = '', enabledValue } = settings;
  const values = (active: boolean): readonly string[] => {
    if (!active) return [disabledValue];
    return enabledValue === undefined ? [] : [enabledValue];
  };
  return {
    attributes: [activationAttribute],
    isActive: (raw) =>
      !attributeValues(rawValues(raw, activationAttribute)).some(
        (value) => value.toLowerCase() === disabledValue.toLowerCase(),
      ),
    atCreation: (active): Record<string, readonly string[]> =>
      values(active).length > 0 ? { [activationAttribute]: values(active) } : {},
    changes: (active) => [{ attribute: activationAttribute, values: values(active) }],
    needsCurrent: false,
  };
}
