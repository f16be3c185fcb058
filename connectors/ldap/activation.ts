/** How accounts are disabled: by the administrator's lock of the password policy draft. */
import { ConnectorError, type EntryKind, type EntryRef, type Written } from '../spi';
import { change, LOCK_ATTRIBUTE, LOCKED_FOR_GOOD } from './entry';
import { type Exchange } from './exchange';
import { type LdapSettings } from './settings';

/** Throws `unsupported` where nothing of that kind can be disabled. */
export async function requireLock(
  exchange: Exchange,
  settings: LdapSettings,
  kind: EntryKind,
): Promise<void> {
  if (kind === 'group') throw new ConnectorError('unsupported', 'A group cannot be disabled.');
  const { activation } = settings;
  if (activation === 'pwdAccountLockedTime') return;
  if (activation === 'auto' && (await exchange.features()).passwordPolicy) return;
  const reason =
    activation === 'none' ? 'activation is none' : 'the directory has no password policy';
  throw new ConnectorError('unsupported', `Accounts cannot be disabled here: ${reason}.`);
}

/** Locks the account, or takes away every lock on it. */
export async function setActive(
  exchange: Exchange,
  settings: LdapSettings,
  target: { readonly kind: EntryKind; readonly ref: EntryRef },
  active: boolean,
): Promise<Written> {
  await requireLock(exchange, settings, target.kind);
  const lock = change('replace', LOCK_ATTRIBUTE, active ? [] : [LOCKED_FOR_GOOD]);
  const { dn } = await exchange.modify(target.ref, [lock]);
  return { reference: target.ref.reference, name: dn };
}
