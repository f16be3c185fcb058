/** Values that the vendor's directory can never hold are refused before anything is sent. */
import { type AttributeChange, type Attributes, ConnectorError, type EntryKind } from '../../spi';
import { type VendorProfile } from './profile';

function refuse(
  profile: VendorProfile,
  kind: EntryKind,
  attribute: string,
  values: readonly string[],
): void {
  const rules = profile.values.filter(
    (rule) => rule.attribute === attribute.toLowerCase() && rule.kinds.includes(kind),
  );
  for (const { problem } of rules) {
    for (const value of values) {
      const words = value === '' ? undefined : problem(value);
      if (words === undefined) continue;
      const message = `${attribute} ${JSON.stringify(value)} cannot be written to ${profile.title}: ${words}.`;
      throw new ConnectorError('invalid', message, { attribute });
    }
  }
}

/** Throws `invalid` for the first attribute that cannot be written. */
export function checkAttributes(
  profile: VendorProfile,
  kind: EntryKind,
  attributes: Attributes,
): void {
  for (const [name, values] of Object.entries(attributes)) refuse(profile, kind, name, values);
}

/** The same for changes; what is to be removed is not looked at. */
export function checkChanges(
  profile: VendorProfile,
  kind: EntryKind,
  changes: readonly AttributeChange[],
): void {
  for (const one of changes) {
    refuse(profile, kind, one.attribute, 'replace' in one ? one.replace : one.add);
  }
}
