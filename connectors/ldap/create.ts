/** New entries: one add, which also answers under which reference the directory will know them. */
import { ConnectorError, type DesiredEntry, type EntryKind, type Written } from '../spi';
import { activationOf, activationRefusal, usableActivation } from './activation';
import { PostReadControl } from './controls';
import { inContainer } from './move';
import { desiredParent, rdnOf } from './placement';
import { addition } from './entry';
import { baseDn, extraAttributes, namingAttribute } from './entry-kinds';
import { type Exchange } from './exchange';
import { hasCode, nameFailure, RESULT } from './failures';
import { initialPassword } from './password';
import { type LdapSettings } from './settings';

/** Adds the entry, locked from the start when it is not to be active. */
export async function createEntry(
  exchange: Exchange,
  kind: EntryKind,
  desired: DesiredEntry,
  owner: string,
): Promise<Written> {
  const { settings, scheme } = exchange;
  const { ownerAttribute } = settings;
  const { strategy } = await activationOf(exchange);
  if (!desired.active) await usableActivation(exchange, kind);
  const extra = {
    ...extraAttributes(kind, settings),
    ...(ownerAttribute === undefined ? {} : { [ownerAttribute]: [owner] }),
    ...(kind === 'user' ? strategy.atCreation(desired.active) : {}),
  };
  const profile = await exchange.profile();
  const { dn, attributes } = addition(kind, desired, extra, settings, profile);
  const postRead = new PostReadControl([scheme.attribute]);
  try {
    await inContainer(exchange, desiredParent(kind, desired, settings), () =>
      exchange.add(dn, [...attributes, ...initialPassword(profile, kind)], [postRead]),
    );
  } catch (error) {
    throw refusal(activationRefusal(error, strategy), settings, kind, dn);
  }
  const made = postRead.entry ?? (await exchange.readDn(dn, [scheme.attribute]));
  const reference = scheme.of(made);
  if (made && reference !== '') return { reference, name: made.dn };
  const message = `${dn} was made, but ${settings.bindDN} cannot read its ${scheme.attribute}.`;
  throw new ConnectorError('permission', message);
}

function refusal(error: unknown, settings: LdapSettings, kind: EntryKind, dn: string): unknown {
  const base = baseDn(kind, settings);
  if (error instanceof ConnectorError && error.kind === 'invalid') return error;
  if (hasCode(error, RESULT.noSuchObject)) {
    const message = `The directory refused to create the ${kind}: the base ${base} does not exist.`;
    return new ConnectorError('invalid', message, { cause: error });
  }
  return nameFailure(error, namingAttribute(kind, settings), rdnOf(dn));
}
