/** How accounts are disabled: by the administrator's lock of the password policy draft. */
import { ResultCodeError } from 'ldapts';
import { ConnectorError, type EntryKind, type EntryRef, type Written } from '../spi';
import { change, LOCK_ATTRIBUTE, LOCKED_FOR_GOOD } from './entry';
import { type Exchange } from './exchange';
import { attributeAtFault, diagnostic, hasCode, RESULT } from './failures';
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

/** Servers with a password policy of their own kind know the control and not the attribute. */
export function lockRefusal(error: unknown): unknown {
  if (!(error instanceof ResultCodeError) || !hasCode(error, RESULT.undefinedAttributeType)) {
    return error;
  }
  if (attributeAtFault(diagnostic(error))?.toLowerCase() !== LOCK_ATTRIBUTE.toLowerCase()) {
    return error;
  }
  const message = `Accounts cannot be disabled here: the schema has no ${LOCK_ATTRIBUTE}.`;
  return new ConnectorError('unsupported', message, { cause: error });
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
  try {
    const { dn } = await exchange.modify(target.ref, [lock]);
    return { reference: target.ref.reference, name: dn };
  } catch (error) {
    throw lockRefusal(error);
  }
}
