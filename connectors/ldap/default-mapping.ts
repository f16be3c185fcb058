/** What a sync rule writes when its administrator says nothing else: the vendor's mapping, named as the settings want. */
import { type Mapping, type MappingEntry } from '../spi';
import { type LdapSettings } from './settings';
import { settledProfile } from './vendor';

function named(
  entries: readonly MappingEntry[],
  attribute: string,
  expression: string,
): readonly MappingEntry[] {
  const others = entries.filter((one) => one.attribute.toLowerCase() !== attribute.toLowerCase());
  return [{ attribute, expression }, ...others];
}

export function defaultMapping(settings: LdapSettings): Mapping {
  const { user, group } = settledProfile(settings.vendor).mapping(settings);
  const owner = settings.ownerAttribute?.toLowerCase();
  return {
    // The owner mark has the attribute to itself.
    user: named(user, settings.userRdnAttribute, 'profile.userName').filter(
      (one) => one.attribute.toLowerCase() !== owner,
    ),
    group: named(group, settings.groupRdnAttribute, 'displayName').filter(
      (one) => one.attribute.toLowerCase() !== owner,
    ),
  };
}
