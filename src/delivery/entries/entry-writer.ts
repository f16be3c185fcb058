/** Brings one entry to what it should be, with as few writes as possible. */
import {
  ConnectorError,
  type AttributeChange,
  type Attributes,
  type Entry,
  type EntryRef,
  type Written,
} from '../../../connectors/spi';
import { type MappedAttributes } from '../../domain/mapping';
import { type SyncAs } from '../../domain/sync-rule';
import {
  checkVacated,
  findChosen,
  findExisting,
  findUnanswered,
  namingValue,
  resolveConflict,
} from './correlator';
import { type Delivery } from './delivery';
import { diffAttributes } from './differ';

export interface Ensured {
  readonly active: boolean;
  readonly correlation: SyncAs['correlation'];
  /** Asked for late: whoever is to be locked out is locked out even if the mapping fails. */
  readonly desired: () => Promise<MappedAttributes>;
}

/** Makes or updates the entry, and answers where it is. */
export async function ensureEntry(delivery: Delivery, wanted: Ensured): Promise<EntryRef> {
  try {
    return await ensureOnce(delivery, wanted);
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.kind !== 'notFound') throw error;
    await checkGone(delivery, error);
    // It vanished between reading and writing.
    await delivery.forget();
    return ensureOnce(delivery, wanted);
  }
}

/** Of an entry that is there after all no second one is made: the first would stay behind, with all its rights. */
async function checkGone({ ref, session }: Delivery, error: ConnectorError): Promise<void> {
  if (!ref || !(await session.read(ref, []))) return;
  throw new ConnectorError(
    'conflict',
    `The directory shows the entry "${ref.name}", and denies that it is there when it is to be changed. ${error.message}`,
    { cause: error },
  );
}

/** Locks the entry and leaves everything else as it is. */
export async function disableEntry(delivery: Delivery): Promise<void> {
  const entry = await findEntry(delivery, []);
  if (entry) await setActive(delivery, entry, false);
}

/** Removes the entry; content when it is gone already. */
export async function removeEntry(delivery: Delivery): Promise<void> {
  const ref = delivery.ref ?? (await findUnanswered(delivery));
  if (!ref) return;
  try {
    await delivery.session.remove(ref);
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.kind !== 'notFound') throw error;
  }
}

/**
 * The entry as it stands in the directory, if it is known or can be found to be ours. Nothing is fetched but what is asked
 * for: a change of one member must not read a group's other members.
 */
export async function findEntry(
  delivery: Delivery,
  attributes: readonly string[],
): Promise<Entry | undefined> {
  const ref = delivery.ref ?? (await findUnanswered(delivery));
  // Also what was found just now: before it was this resource's, another one may have changed it, or removed it.
  const entry = ref && (await delivery.session.read(ref, attributes));
  if (entry) await delivery.rename(entry.name);
  else await delivery.forget();
  return entry;
}

async function ensureOnce(delivery: Delivery, wanted: Ensured): Promise<EntryRef> {
  if (!wanted.active) await disableEntry(delivery);
  const desired = await wanted.desired();
  // Also those that are to have no values: what stands there now has to be seen to be removed.
  const attributes = Object.keys({ ...desired.initial, ...desired.authoritative });
  let entry = await findEntry(delivery, attributes);
  entry ??= await findChosen(delivery, attributes);
  if (!entry && (await findExisting(delivery, allOf(desired), wanted.correlation))) {
    entry = await findEntry(delivery, attributes);
  }
  if (!entry && (await create(delivery, desired, wanted))) {
    entry = await findEntry(delivery, attributes);
    if (!entry) throw new ConnectorError('notFound', 'The entry in the way has vanished.');
  }
  if (entry) await update(delivery, entry, desired, wanted.active);
  return known(delivery);
}

/** Answers an entry when one was there already. */
async function create(
  delivery: Delivery,
  desired: MappedAttributes,
  { active, correlation }: Ensured,
): Promise<Entry | undefined> {
  const attributes = allOf(desired);
  delivery.nothingCreated = false;
  await delivery.markCreating(namingValue(delivery, attributes));
  let written: Written;
  try {
    written = await delivery.session.create({ attributes, active }, delivery.item.resourceId);
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.outcome === 'unknown') throw error;
    delivery.nothingCreated = true;
    if (error.kind !== 'conflict') throw error;
    return resolveConflict(delivery, attributes, correlation, error);
  }
  await delivery.bind(written);
  return undefined;
}

async function update(
  delivery: Delivery,
  entry: Entry,
  { authoritative }: MappedAttributes,
  active: boolean,
): Promise<void> {
  // Out first, in last: nobody is let in, or left in, with half of the changes.
  if (!active) await setActive(delivery, entry, false);
  const changes = diffAttributes(entry.attributes, authoritative);
  if (changes.length > 0) {
    const naming = delivery.session.namingAttribute.toLowerCase();
    const renames = changes.some(({ attribute }) => attribute.toLowerCase() === naming);
    if (renames && !delivery.session.capabilities.rename) {
      throw new ConnectorError('unsupported', 'This directory cannot rename entries.', {
        attribute: delivery.session.namingAttribute,
      });
    }
    await write(
      delivery,
      entry,
      changes,
      renames ? namingValue(delivery, authoritative) : undefined,
    );
  }
  if (active) await setActive(delivery, entry, true);
}

/** `newName`: what the entry is to be called, where that changes. */
async function write(
  delivery: Delivery,
  entry: Entry,
  changes: readonly AttributeChange[],
  newName: string | undefined,
): Promise<void> {
  const update = () => delivery.session.update(entry, known(delivery), changes);
  let written: Written;
  try {
    written = await update();
  } catch (error) {
    if (newName === undefined || !(error instanceof ConnectorError) || error.kind !== 'conflict') {
      throw error;
    }
    await checkVacated(delivery, newName, error);
    written = await update();
  }
  await delivery.rename(written.name);
}

/** Answers the entry as it is afterwards. */
async function setActive(delivery: Delivery, entry: Entry, active: boolean): Promise<Entry> {
  const { session } = delivery;
  if (session.kind !== 'user' || entry.active === active) return entry;
  // Where accounts cannot be disabled they are never found disabled; nothing is to be undone.
  if (active && session.capabilities.activation !== 'native') return entry;
  const { name } = await session.setActive(known(delivery), active);
  await delivery.rename(name);
  return { ...entry, active };
}

function known({ ref }: Delivery): EntryRef {
  if (!ref) throw new Error('An entry is written before it is bound');
  return ref;
}

/** Everything a new entry gets; attributes without values are left out. */
export function allOf({ initial, authoritative }: MappedAttributes): Attributes {
  const both = { ...initial, ...authoritative };
  return Object.fromEntries(Object.entries(both).filter(([, values]) => values.length > 0));
}
