/** Changes of one entry: one modify for all, and a modifyDN before it when the entry is named anew. */
import {
  type AttributeChange,
  ConnectorError,
  type EntryKind,
  type EntryRef,
  type Written,
} from '../spi';
import { PermissiveModifyControl, PostReadControl } from './controls';
import { formatRdn, namingValue, sameDn } from './dn';
import { namingAttribute, renamed, toChanges } from './entry';
import { type Exchange } from './exchange';
import { hasCode, nameFailure, RESULT } from './failures';
import { followRename } from './groups';
import { checkChanges } from './vendor/check';

/** The value that is to name the entry, or undefined when the naming attribute is left alone. */
function newNamingValue(
  change: AttributeChange | undefined,
  naming: string,
  current: string | undefined,
): string | undefined {
  if (!change) return undefined;
  if ('add' in change) return change.remove.includes(current ?? '') ? change.add[0] : undefined;
  const [value] = change.replace.filter((one) => one !== '');
  if (value !== undefined) return value;
  throw new ConnectorError('invalid', `${naming} names the entry and cannot be removed.`, {
    attribute: naming,
  });
}

/** What is left of the naming attribute's change once the RDN has changed. */
function withoutRdn(
  change: AttributeChange,
  from: string,
  to: string,
): AttributeChange | undefined {
  const { attribute } = change;
  if ('replace' in change) return change.replace.length > 1 ? change : undefined;
  return {
    attribute,
    add: change.add.filter((value) => value !== to),
    remove: change.remove.filter((value) => value !== from),
  };
}

/** Sends the modify; value-wise parts that the entry already fulfils are left out at the second attempt. */
async function modify(
  exchange: Exchange,
  ref: EntryRef,
  changes: readonly AttributeChange[],
): Promise<string> {
  const request = toChanges(changes);
  if (request.length === 0) return ref.name;
  try {
    return (await exchange.modify(ref, request, [new PermissiveModifyControl()])).dn;
  } catch (error) {
    if (!hasCode(error, RESULT.attributeOrValueExists, RESULT.noSuchAttribute)) throw error;
    const name = await exchange.locate(ref);
    const needed = toChanges(
      await Promise.all(changes.map((one) => stillNeeded(exchange, name, one))),
    );
    if (needed.length > 0) await exchange.modify({ ...ref, name }, needed);
    return name;
  }
}

async function stillNeeded(
  exchange: Exchange,
  dn: string,
  change: AttributeChange,
): Promise<AttributeChange> {
  if ('replace' in change) return change;
  const { attribute } = change;
  const held = (values: readonly string[]): Promise<boolean[]> =>
    Promise.all(values.map((value) => exchange.holds(dn, attribute, value)));
  const [adding, removing] = [await held(change.add), await held(change.remove)];
  return {
    attribute,
    add: change.add.filter((_, index) => !adding[index]),
    remove: change.remove.filter((_, index) => removing[index]),
  };
}

/** RFC 4511 section 4.9. Only the new RDN is sent: the entry stays where it is. */
async function rename(exchange: Exchange, ref: EntryRef, rdn: string): Promise<string> {
  const postRead = new PostReadControl([exchange.scheme.attribute]);
  const { dn } = await exchange.writeTo(ref, ({ client }, current, controls) =>
    client.modifyDN(current, rdn, [...controls, postRead]),
  );
  if (postRead.entry) return postRead.entry.dn;
  const moved = renamed(dn, rdn);
  return (await exchange.readDn(moved, ['1.1']))?.dn ?? moved;
}

/** Applies the changes to the entry of the reference. */
export async function updateEntry(
  exchange: Exchange,
  kind: EntryKind,
  ref: EntryRef,
  changes: readonly AttributeChange[],
): Promise<Written> {
  const { reference } = ref;
  const { settings } = exchange;
  checkChanges(await exchange.profile(), kind, changes);
  const naming = namingAttribute(kind, settings);
  const isNaming = (one: AttributeChange): boolean =>
    one.attribute.toLowerCase() === naming.toLowerCase();
  const namingChange = changes.find(isNaming);
  if (!namingChange) return { reference, name: await modify(exchange, ref, changes) };

  const name = await exchange.locate(ref);
  const from = namingValue(name, naming);
  const to = newNamingValue(namingChange, naming, from);
  // An adopted entry may be named by another attribute: then this one is like any other.
  if (from === undefined || to === undefined || to === from) {
    return { reference, name: await modify(exchange, { reference, name }, changes) };
  }
  const rdn = formatRdn(naming, to);
  const now = await rename(exchange, { reference, name }, rdn).catch((error: unknown) => {
    throw nameFailure(error, naming, rdn);
  });
  // Groups first: at a second attempt the entry has its new name already, and nobody would know the old one. An empty group
  // holds its own name, and that one no directory need follow.
  const follow = settings.followRenames || kind === 'group';
  const warnings = follow && !sameDn(name, now) ? await followRename(exchange, name, now) : [];
  const rest = withoutRdn(namingChange, from, to);
  const others = changes.filter((one) => !isNaming(one));
  await modify(exchange, { reference, name: now }, rest ? [...others, rest] : others);
  return { reference, name: now, ...(warnings.length > 0 ? { warnings } : {}) };
}
