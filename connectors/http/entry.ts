/** Entries as the protocol has them, without the service. */
import {
  type AttributeChange,
  type Attributes,
  ConnectorError,
  type CorrelationKey,
  type DesiredEntry,
  type Entry,
  type EntryKind,
} from '../spi';

/** The naming attribute. In the protocol it stands apart, for it is one text and never absent. */
export const NAME = 'name';

/** The body that makes an entry. */
export interface NewEntry {
  readonly name: string;
  readonly attributes: Attributes;
  readonly active?: boolean;
  readonly owner: string;
}

/** The body that changes one. */
export interface Patch {
  readonly name?: string;
  readonly replace?: Attributes;
  readonly add?: Attributes;
  readonly remove?: Attributes;
  readonly active?: boolean;
}

/** Ids go into paths as they are, so they are made of what needs no escape there. */
export function isId(text: string): boolean {
  return /^[A-Za-z0-9._~-]{1,128}$/.test(text) && text !== '.' && text !== '..';
}

export function toNewEntry(kind: EntryKind, desired: DesiredEntry, owner: string): NewEntry {
  const { [NAME]: names = [], ...attributes } = desired.attributes;
  const filled = Object.entries(attributes).filter(([, values]) => values.length > 0);
  return {
    name: checkedName(names),
    attributes: record(filled),
    // A group is no account.
    ...(kind === 'user' && { active: desired.active }),
    owner,
  };
}

export function toPatch(changes: readonly AttributeChange[]): Patch {
  const patch: { name?: string; replace: Pairs; add: Pairs; remove: Pairs } = {
    replace: [],
    add: [],
    remove: [],
  };
  for (const change of changes) {
    const { attribute } = change;
    if (attribute === NAME) {
      patch.name = checkedName('replace' in change ? change.replace : change.add);
    } else if ('replace' in change) {
      patch.replace.push([attribute, change.replace]);
    } else {
      if (change.add.length > 0) patch.add.push([attribute, change.add]);
      if (change.remove.length > 0) patch.remove.push([attribute, change.remove]);
    }
  }
  return {
    ...(patch.name !== undefined && { name: patch.name }),
    ...(patch.replace.length > 0 && { replace: record(patch.replace) }),
    ...(patch.add.length > 0 && { add: record(patch.add) }),
    ...(patch.remove.length > 0 && { remove: record(patch.remove) }),
  };
}

/** What would make `current` as desired; attributes of which nothing is desired stay. */
export function difference(kind: EntryKind, current: Entry, desired: DesiredEntry): Patch {
  const differing = Object.entries(desired.attributes)
    .filter(([attribute, values]) => !sameValues(valuesOf(current, attribute), values))
    .map(([attribute, replace]) => ({ attribute, replace }));
  const switched = kind === 'user' && current.active !== desired.active;
  return { ...toPatch(differing), ...(switched && { active: desired.active }) };
}

/**
 * Whether the entry may be what was searched. The service decides what counts as equal (case, say); this only holds
 * back a service that does not search at all.
 */
export function mayMatch(entry: Entry, keys: readonly CorrelationKey[]): boolean {
  return keys.every(({ attribute, value }) =>
    valuesOf(entry, attribute).some((found) => folded(found) === folded(value)),
  );
}

/** An attribute may be called `constructor`. */
function valuesOf({ attributes }: Entry, attribute: string): readonly string[] {
  return Object.hasOwn(attributes, attribute) ? (attributes[attribute] ?? []) : [];
}

type Pairs = (readonly [string, readonly string[]])[];

/** JSON would carry them, but hardly any application keeps them. */
function record(pairs: Pairs): Attributes {
  for (const [attribute, values] of pairs) {
    if ([attribute, ...values].every(isText)) continue;
    throw new ConnectorError('invalid', `${attribute} has a value with NUL or half a character.`, {
      attribute,
    });
  }
  return Object.fromEntries(pairs);
}

function checkedName([name = '', ...more]: readonly string[]): string {
  if (name !== '' && more.length === 0 && isText(name)) return name;
  const text = 'An entry needs exactly one name, without NUL or half a character.';
  throw new ConnectorError('invalid', text, { attribute: NAME });
}

function isText(text: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(text);
}

function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

function sameValues(some: readonly string[], others: readonly string[]): boolean {
  const set = new Set(some);
  return set.size === new Set(others).size && others.every((value) => set.has(value));
}
