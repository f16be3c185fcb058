/** What the attribute names of a mapping mean: a table, a RADIUS attribute and, if it must be, an operator. */
import { ConnectorError, type EntryKind } from '../spi';

/** Names the entry of each kind. */
export const NAMING: Readonly<Record<EntryKind, string>> = {
  user: 'User-Name',
  group: 'Group-Name',
};

/** Which of a user's or group's two tables a row is in. */
export type Place = 'check' | 'reply';

/** The meaning of one attribute name. */
export interface Slot {
  readonly place: Place;
  /** The RADIUS attribute, with its tag. */
  readonly attribute: string;
  /** Given only when it differs from what the connector would choose. */
  readonly operator: string | undefined;
}

const NAME = /^(check|reply):([A-Za-z0-9][A-Za-z0-9-]*(?::\d+)?)(?: (\S+))?$/;

/** Operators that set a value, in contrast to those that compare. */
const ASSIGNING: readonly string[] = ['=', ':=', '+='];

const OPERATORS: Readonly<Record<Place, readonly string[]>> = {
  check: [...ASSIGNING, '==', '!=', '>', '>=', '<', '<=', '=~', '!~', '=*', '!*'],
  reply: ASSIGNING,
};

/**
 * Attributes the connector keeps to itself: Auth-Type disables accounts and could let anybody in, Fall-Through and
 * User-Name decide whether groups and replies are read, the others choose another server or profile.
 */
const RESERVED: ReadonlySet<string> = new Set([
  'auth-type',
  'autz-type',
  'post-auth-type',
  'fall-through',
  'user-name',
  'user-profile',
  'proxy-to-realm',
]);

/** Whether the operator sets a value. */
export function isAssigning(operator: string): boolean {
  return ASSIGNING.includes(operator);
}

/** The operator a value gets unless the mapping says otherwise. */
export function usualOperator(kind: EntryKind, place: Place, index: number): string {
  if (index > 0) return '+=';
  // A group gives what neither the user nor an earlier group has given.
  return kind === 'group' && place === 'reply' ? '=' : ':=';
}

function refuse(attribute: string, message: string): never {
  throw new ConnectorError('invalid', `${attribute}: ${message}`, { attribute });
}

/** The meaning of a mapping's attribute; fails with `invalid` when it has none. */
export function parseName(kind: EntryKind, name: string): Slot {
  const match = NAME.exec(name);
  if (!match) {
    refuse(
      name,
      `must be ${NAMING[kind]}, VLAN, check:<RADIUS attribute> or reply:<RADIUS attribute>, the last two with an operator after one space if need be`,
    );
  }
  const [place, attribute, operator] = [match[1] as Place, match[2] as string, match[3]];
  if (RESERVED.has(attribute.toLowerCase())) {
    refuse(name, `${attribute} is not for mappings; a policy of the server can set it`);
  }
  if (operator !== undefined && !OPERATORS[place].includes(operator)) {
    refuse(name, `operator must be one of ${OPERATORS[place].join(' ')}`);
  }
  if (operator === usualOperator(kind, place, 0)) {
    refuse(name, `${operator} is the usual operator; leave it out`);
  }
  return { place, attribute, operator };
}

/** Whether values of the attribute are masked in previews. */
export function isSecret(attribute: string): boolean {
  return /(password|secret|key)(:\d+)?$/i.test(attribute);
}
