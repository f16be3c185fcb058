/** Finds the entry a resource should have when none is known: one of ours after a crash, or somebody else's to adopt. */
import { ConnectorError, type CorrelationKey, type Entry } from '../../../connectors/spi';
import { type SyncAs } from '../../domain/sync-rule';
import { type Delivery } from './delivery';
import { valuesOf } from './differ';
import { Disputed, EntryTaken } from '../errors';

type Attributes = Readonly<Record<string, readonly string[]>>;

/** An entry that an earlier attempt may have created without hearing of it; it becomes the resource's own. */
export async function findUnanswered(delivery: Delivery): Promise<Entry | undefined> {
  const { unanswered, item } = delivery;
  if (unanswered === undefined) return undefined;
  const entry = one(await byName(delivery, unanswered));
  if (!entry || (entry.owner !== undefined && entry.owner !== item.resourceId)) return undefined;
  return (await delivery.tryBind(entry)) ? entry : undefined;
}

/** The entry that an administrator chose, if it is still there. */
export async function findChosen(
  delivery: Delivery,
  attributes: readonly string[],
): Promise<Entry | undefined> {
  const { chosen } = delivery.item;
  const entry = chosen && (await delivery.session.read(chosen, attributes));
  if (entry) {
    await delivery.bind(entry);
    delivery.adopted = true;
  }
  return entry;
}

/** Looks before an entry is created, where the rule says by what to recognise one or wants none taken over. */
export async function findExisting(
  delivery: Delivery,
  attributes: Attributes,
  correlation: SyncAs['correlation'],
): Promise<Entry | undefined> {
  const keys = correlation.attributes.flatMap((attribute): CorrelationKey[] => {
    const value = valuesOf(attributes, attribute)[0];
    return value === undefined ? [] : [{ attribute, value }];
  });
  if (keys.length > 0) {
    const found = one(await delivery.session.correlate(keys));
    if (found) return adopt(delivery, found, correlation);
  }
  if (correlation.policy === 'ADOPT') return undefined;
  const sameName = one(await byName(delivery, namingValue(delivery, attributes)));
  return sameName && adopt(delivery, sameName, correlation);
}

/** What to do when the directory says that the name is taken. */
export async function resolveConflict(
  delivery: Delivery,
  attributes: Attributes,
  correlation: SyncAs['correlation'],
  conflict: ConnectorError,
): Promise<Entry> {
  const name = namingValue(delivery, attributes);
  const found = one(await byName(delivery, name));
  // Something else than the name is taken: the directory's own words say what.
  if (!found) throw conflict;
  const earlier = delivery.unanswered === name && found.owner === undefined;
  return adopt(delivery, found, earlier ? { ...correlation, policy: 'ADOPT' } : correlation);
}

/**
 * What to do when an entry cannot be renamed because its new name is taken. Where another resource has it, that one may be
 * about to give it up, and this one goes on then. Returns when it has gone already.
 */
export async function checkVacated(
  delivery: Delivery,
  name: string,
  conflict: ConnectorError,
): Promise<void> {
  const [found] = await byName(delivery, name);
  if (!found) return;
  if (found.reference !== delivery.ref?.reference && (await delivery.isTaken(found))) {
    throw new EntryTaken(found);
  }
  throw conflict;
}

/** The value that names the entry; without one nothing can be created. */
export function namingValue({ session }: Delivery, attributes: Attributes): string {
  const value = valuesOf(attributes, session.namingAttribute)[0];
  if (value !== undefined) return value;
  throw new ConnectorError(
    'invalid',
    `The mapping gives no value for "${session.namingAttribute}", which names the entry.`,
    { attribute: session.namingAttribute },
  );
}

async function adopt(
  delivery: Delivery,
  entry: Entry,
  { policy }: SyncAs['correlation'],
): Promise<Entry> {
  const { resourceId, inherits } = delivery.item;
  const isOwn = policy === 'ADOPT' || entry.owner === resourceId || inherits === entry.reference;
  if (!isOwn && (await delivery.possession(entry)) === 'free') {
    throw new Disputed(
      `The entry "${entry.name}" exists already and was not made by this gateway. Adopt it with bindingAdopt, remove or rename it, or let the rule adopt existing entries.`,
      [entry],
    );
  }
  await delivery.bind(entry);
  delivery.adopted = entry.owner !== delivery.item.resourceId;
  return entry;
}

function byName({ session }: Delivery, value: string): Promise<readonly Entry[]> {
  return session.correlate([{ attribute: session.namingAttribute, value }]);
}

function one(entries: readonly Entry[]): Entry | undefined {
  if (entries.length <= 1) return entries[0];
  const names = entries.slice(0, 5).map((entry) => `"${entry.name}"`);
  throw new Disputed(
    `${entries.length} entries match: ${names.join(', ')}${entries.length > 5 ? ', ...' : ''}. Choose one with bindingAdopt, make the correlation attributes unique, or remove all but one.`,
    entries,
  );
}
