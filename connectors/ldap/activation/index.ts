/** Disables and enables accounts, in whichever way the target has. */
import { ResultCodeError } from 'ldapts';
import { ConnectorError, type EntryKind, type EntryRef, type Written } from '../../spi';
import { change, toAttributes } from '../entry';
import { type Exchange } from '../exchange';
import { followRename } from '../groups';
import { attributeAtFault, diagnostic, hasCode, RESULT } from '../failures';
import { moveEntry } from '../move';
import { isDisabledPlace, switchedParent } from '../placement';
import { type Choice, chooseActivation } from './choose';
import { type ActivationStrategy } from './strategy';

export { type Choice, chooseActivation } from './choose';
export { type ActivationStrategy, type Replacement } from './strategy';

/** The target's way, once the server has said what it is. */
export async function activationOf(exchange: Exchange): Promise<Choice> {
  return chooseActivation(exchange.settings, await exchange.profile(), await exchange.features());
}

/** Throws `unsupported` where nothing of that kind can be disabled. */
export async function usableActivation(
  exchange: Exchange,
  kind: EntryKind,
): Promise<ActivationStrategy> {
  if (kind === 'group') throw new ConnectorError('unsupported', 'A group cannot be disabled.');
  const { strategy, unusable } = await activationOf(exchange);
  if (unusable === undefined) return strategy;
  throw new ConnectorError('unsupported', `Accounts cannot be disabled here: ${unusable}.`);
}

/** A server may announce a password policy of its own kind and not know the attribute. */
export function activationRefusal(error: unknown, strategy: ActivationStrategy): unknown {
  if (!(error instanceof ResultCodeError) || !hasCode(error, RESULT.undefinedAttributeType)) {
    return error;
  }
  const fault = attributeAtFault(diagnostic(error))?.toLowerCase();
  const attribute = strategy.attributes.find((one) => one.toLowerCase() === fault);
  if (attribute === undefined) return error;
  const message = `Accounts cannot be disabled here: the schema has no ${attribute}.`;
  return new ConnectorError('unsupported', message, { cause: error });
}

/** Disables the account, or takes away whatever keeps it disabled. */
export async function setActive(
  exchange: Exchange,
  target: { readonly kind: EntryKind; readonly ref: EntryRef },
  active: boolean,
): Promise<Written> {
  const strategy = await usableActivation(exchange, target.kind);
  if (strategy.moves) return moveAccount(exchange, target.ref, active);
  const current = strategy.needsCurrent
    ? toAttributes(await exchange.require(target.ref, strategy.attributes))
    : {};
  const replacements = strategy
    .changes(active, current)
    .map(({ attribute, values }) => change('replace', attribute, values));
  try {
    const { dn } = await exchange.modify(target.ref, replacements);
    return { reference: target.ref.reference, name: dn };
  } catch (error) {
    throw activationRefusal(error, strategy);
  }
}

/** To the container of the disabled, or back to where the account was; groups learn the new DN. */
async function moveAccount(exchange: Exchange, ref: EntryRef, active: boolean): Promise<Written> {
  const { settings } = exchange;
  const { reference } = ref;
  const name = await exchange.locate(ref);
  if (isDisabledPlace(name, settings) !== active) return { reference, name };
  const parent = switchedParent(name, active, settings);
  const now = await moveEntry(exchange, { reference, name }, { parent });
  const warnings = settings.followRenames ? await followRename(exchange, name, now) : [];
  return { reference, name: now, ...(warnings.length > 0 ? { warnings } : {}) };
}
