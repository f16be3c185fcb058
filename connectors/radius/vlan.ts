/** `VLAN`: one name for the three tunnel attributes that put a client into a VLAN (RFC 3580 section 3.31). */
import { type AttributeChange, type Attributes, ConnectorError } from '../spi';
import { changedValues } from '../sql/delta';

/** What a mapping calls it. */
export const VLAN = 'VLAN';

const TYPE = 'reply:Tunnel-Type:0';
const MEDIUM = 'reply:Tunnel-Medium-Type:0';
const GROUP = 'reply:Tunnel-Private-Group-Id:0';

function parts(values: readonly string[]): Attributes {
  const present = values.length > 0;
  return {
    [TYPE]: present ? ['VLAN'] : [],
    [MEDIUM]: present ? ['IEEE-802'] : [],
    [GROUP]: values,
  };
}

function refuseDoubles(names: readonly string[]): void {
  const written = new Set([TYPE, MEDIUM, GROUP].map((name) => name.toLowerCase()));
  const double = names.find((name) => written.has((name.split(' ')[0] as string).toLowerCase()));
  if (double === undefined) return;
  throw new ConnectorError('invalid', `${VLAN} and ${double} write the same rows`, {
    attribute: double,
  });
}

/** The attribute as it stands in the profile. */
export function expandName(name: string): string {
  return name === VLAN ? GROUP : name;
}

/** The attributes with `VLAN` written out. */
export function expandAttributes(attributes: Attributes): Attributes {
  if (!Object.hasOwn(attributes, VLAN)) return attributes;
  const { [VLAN]: values = [], ...others } = attributes;
  refuseDoubles(Object.keys(others));
  return { ...parts(values), ...others };
}

/** The changes with `VLAN` written out; `current` tells what value-wise changes start from. */
export function expandChanges(
  changes: readonly AttributeChange[],
  current: Attributes,
): readonly AttributeChange[] {
  if (changes.some((change) => change.attribute === VLAN)) {
    refuseDoubles(changes.map((change) => change.attribute));
  }
  return changes.flatMap((change) => {
    if (change.attribute !== VLAN) return [change];
    const values = changedValues(current[GROUP] ?? [], change);
    return Object.entries(parts(values)).map(([attribute, replace]) => ({ attribute, replace }));
  });
}

/** Attributes that amount to a VLAN, with that name too. */
export function withVlan(attributes: Attributes): Attributes {
  const [type, medium, group] = [attributes[TYPE], attributes[MEDIUM], attributes[GROUP]];
  const isVlan = /^(vlan|13)$/i.test(type?.[0] ?? '') && /^(ieee-802|6)$/i.test(medium?.[0] ?? '');
  return isVlan && group?.length === 1 ? { ...attributes, [VLAN]: group } : attributes;
}
