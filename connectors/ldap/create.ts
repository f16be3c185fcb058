/** New entries: one add, which also answers under which entryUUID the directory will know them. */
import { ConnectorError, type DesiredEntry, type EntryKind, type Written } from '../spi';
import { lockRefusal, requireLock } from './activation';
import { PostReadControl } from './controls';
import {
  addition,
  baseDn,
  entryUuid,
  LOCK_ATTRIBUTE,
  LOCKED_FOR_GOOD,
  namingAttribute,
} from './entry';
import { type Exchange } from './exchange';
import { hasCode, nameFailure, RESULT } from './failures';
import { type LdapSettings } from './settings';

/** Adds the entry, locked from the start when it is not to be active. */
export async function createEntry(
  exchange: Exchange,
  settings: LdapSettings,
  kind: EntryKind,
  desired: DesiredEntry,
  owner: string,
): Promise<Written> {
  const { ownerAttribute } = settings;
  const extra: Record<string, readonly string[]> = {};
  if (ownerAttribute !== undefined) extra[ownerAttribute] = [owner];
  if (!desired.active) {
    await requireLock(exchange, settings, kind);
    extra[LOCK_ATTRIBUTE] = [LOCKED_FOR_GOOD];
  }
  const { dn, attributes } = addition(kind, desired, extra, settings);
  const postRead = new PostReadControl(['entryUUID']);
  try {
    await exchange.add(dn, attributes, [postRead]);
  } catch (error) {
    throw refusal(lockRefusal(error), settings, kind, dn);
  }
  const made = postRead.entry ?? (await exchange.readDn(dn, ['entryUUID']));
  const reference = entryUuid(made);
  if (made && reference !== '') return { reference, name: made.dn };
  const message = `${dn} was made, but ${settings.bindDN} cannot read its entryUUID.`;
  throw new ConnectorError('permission', message);
}

function refusal(error: unknown, settings: LdapSettings, kind: EntryKind, dn: string): unknown {
  const base = baseDn(kind, settings);
  if (hasCode(error, RESULT.noSuchObject)) {
    const message = `The directory refused to create the ${kind}: the base ${base} does not exist.`;
    return new ConnectorError('invalid', message, { cause: error });
  }
  return nameFailure(error, namingAttribute(kind, settings), dn.slice(0, -base.length - 1));
}
