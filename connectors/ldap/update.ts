/** Changes of one entry: one modify for all, and a modifyDN before it when the entry is named anew. */
import {
  type AttributeChange,
  ConnectorError,
  type EntryKind,
  type EntryRef,
  type Written,
} from '../spi';
import { PermissiveModifyControl } from './controls';
import { formatRdn, namingValue, parentDn, sameDn } from './dn';
import { toChanges } from './entry';
import { namingAttribute } from './entry-kinds';
import { type Exchange } from './exchange';
import { hasCode, nameFailure, RESULT } from './failures';
import { followRename } from './groups';
import { moveEntry } from './move';
import { isContainer, isDisabledPlace, parentFor } from './placement';
import { type LdapSettings } from './settings';
import { checkChanges } from './vendor/check';

/** The value that is to name the entry, or undefined when none is said. */
function newNamingValue(
  change: AttributeChange,
  naming: string,
  current: string | undefined,
): string | undefined {
  if ('add' in change) return change.remove.includes(current ?? '') ? change.add[0] : undefined;
  const [value] = change.replace.filter((one) => one !== '');
  if (value !== undefined) return value;
  throw new ConnectorError('invalid', `${naming} names the entry and cannot be removed.`, {
    attribute: naming,
  });
}

/** The names before and after; undefined when the naming attribute is left alone, or is not what names the entry. */
function namingStep(
  change: AttributeChange | undefined,
  naming: string,
  dn: string,
): { readonly from: string; readonly to: string } | undefined {
  if (!change) return undefined;
  const from = namingValue(dn, naming);
  const to = newNamingValue(change, naming, from);
  // An adopted entry may be named by another attribute: then this one is like any other.
  return from === undefined || to === undefined ? undefined : { from, to };
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
  const placing = changes.find((one) => isContainer(one.attribute));
  if (!namingChange && !placing) {
    return { reference, name: await modify(exchange, ref, changes) };
  }

  const before = await exchange.require(ref);
  const name = before.dn;
  const step = namingStep(namingChange, naming, name);
  const renames = step !== undefined && step.to !== step.from;
  const rdn = renames ? formatRdn(naming, step.to) : undefined;
  const parent = newParent(kind, placing, name, settings);
  const now =
    rdn === undefined && parent === undefined
      ? name
      : await moveEntry(exchange, { reference, name }, { rdn, parent }).catch((error: unknown) => {
          throw nameFailure(error, naming, rdn ?? '');
        });
  // Groups first: at a second attempt the entry has its new name already, and nobody would know the old one. An empty group
  // holds its own name, and that one no directory need follow.
  const follow = (settings.followRenames || kind === 'group') && name !== now;
  const warnings = follow ? await followRename(exchange, name, now) : [];
  const others = changes.flatMap((one) =>
    step && isNaming(one) ? (withoutRdn(one, step.from, step.to) ?? []) : one,
  );
  const target = { reference, name: now };
  // Further values of an attribute whose name stays go, where the server lets them be touched.
  await modify(exchange, target, renames ? others : changes).catch((error: unknown) => {
    if (renames || !hasCode(error, RESULT.notAllowedOnRDN)) throw error;
    return modify(exchange, target, others);
  });
  return { reference, name: now, ...(warnings.length > 0 ? { warnings } : {}) };
}

/** Where the entry is to go; undefined when it may stay. */
function newParent(
  kind: EntryKind,
  placing: AttributeChange | undefined,
  name: string,
  settings: LdapSettings,
): string | undefined {
  if (!placing) return undefined;
  const active = !isDisabledPlace(name, settings);
  const values = 'replace' in placing ? placing.replace : placing.add;
  const parent = parentFor(kind, values, active, settings);
  return sameDn(parent, parentDn(name)) ? undefined : parent;
}
