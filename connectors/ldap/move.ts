/** Entries get new names and places: one modifyDN (RFC 4511 section 4.9), with the container made first where it may be. */
import { ConnectorError, type EntryRef } from '../spi';
import { PostReadControl } from './controls';
import { namingValue, parentDn } from './dn';
import { renamed } from './entry';
import { type Exchange } from './exchange';
import { hasCode, RESULT } from './failures';
import { CONTAINER, rdnOf } from './placement';
import { SentAttribute } from './sent-attribute';

/** Gives the entry a new name, a new parent or both, and answers its DN. */
export async function moveEntry(
  exchange: Exchange,
  ref: EntryRef,
  to: { readonly rdn?: string | undefined; readonly parent?: string | undefined },
): Promise<string> {
  const { parent } = to;
  const rdn = to.rdn ?? rdnOf(ref.name);
  const postRead = new PostReadControl([exchange.scheme.attribute]);
  const wanted = parent === undefined ? rdn : `${rdn},${parent}`;
  const move = (): Promise<{ dn: string }> =>
    exchange.writeTo(
      ref,
      ({ client }, current, controls) => client.modifyDN(current, wanted, [...controls, postRead]),
      // Samba renames nothing that is addressed by its GUID.
      { byName: true },
    );
  const { dn } = await (parent === undefined ? move() : inContainer(exchange, parent, move));
  if (postRead.entry) return postRead.entry.dn;
  const moved = parent === undefined ? renamed(dn, rdn) : wanted;
  return (await exchange.readDn(moved, ['1.1']))?.dn ?? moved;
}

/** Runs what needs the entry above; makes that one and tries again where it is missing and may be made. */
export async function inContainer<T>(
  exchange: Exchange,
  parent: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!hasCode(error, RESULT.noSuchObject)) throw error;
    if (await exchange.readDn(parent, ['1.1'])) throw error;
    await makeContainer(exchange, parent, error);
    return work();
  }
}

async function makeContainer(exchange: Exchange, dn: string, cause: unknown): Promise<void> {
  const { containerAttribute, createContainers } = exchange.settings;
  const value = namingValue(dn, containerAttribute);
  const isBase = exchange.bases.some((base) => base === dn);
  if (!createContainers || value === undefined || isBase) {
    const message = isBase
      ? `The base ${dn} does not exist.`
      : `There is no container ${dn}: make it, or set createContainers.`;
    throw new ConnectorError('invalid', message, { attribute: CONTAINER, cause });
  }
  const attributes = [
    new SentAttribute({ type: 'objectClass', values: ['top', 'organizationalUnit'] }),
    new SentAttribute({ type: containerAttribute, values: [value] }),
  ];
  try {
    await inContainer(exchange, parentDn(dn), () => exchange.add(dn, attributes, []));
  } catch (error) {
    // Somebody else was quicker.
    if (!hasCode(error, RESULT.entryAlreadyExists)) throw error;
  }
}
