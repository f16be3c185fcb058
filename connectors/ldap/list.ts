/** Every entry below a base, page by page (RFC 2696), on a connection of its own: cookies are the connection's. */
import { type Entry as LdapEntry } from 'ldapts';
import { type Entry, type EntryKind, type ReadContext } from '../spi';
import { Cancellation } from './cancellation';
import { asConnectionLost, type Connection } from './connection';
import { type ConnectionPool } from './connection-pool';
import { activationOf } from './activation';
import { requestedAttributes, toEntry } from './entry';
import { baseDn } from './entry-kinds';
import { type Exchange, ofKind } from './exchange';
import { ConnectionLost, toConnectorError } from './failures';
import { withoutRanges } from './ranges';
import { BINARY_ATTRIBUTES } from './values';
import { settledProfile } from './vendor';

async function* pages(
  connection: Connection,
  kind: EntryKind,
  { settings }: Exchange,
  attributes: string[],
): AsyncGenerator<readonly LdapEntry[]> {
  // No size limit is sent: the library takes the answer "size limit exceeded" to its own limit for a complete one.
  const search = connection.client.searchPaginated(baseDn(kind, settings), {
    scope: 'sub',
    filter: ofKind(kind, settings),
    attributes,
    explicitBufferAttributes: [...BINARY_ATTRIBUTES],
    paged: { pageSize: settings.pageSize },
    timeLimit: 0,
  });
  const more = connection.watchPages();
  for await (const { searchEntries } of search) yield searchEntries;
  if (more()) throw new ConnectionLost('the listing broke off', true, 'broken');
}

/** Yields every entry of that kind, or throws a `ConnectorError`: an incomplete listing never ends quietly. */
export async function* listEntries(
  pool: ConnectionPool,
  exchange: Exchange,
  kind: EntryKind,
  call: ReadContext,
): AsyncGenerator<Entry> {
  const { settings } = exchange;
  const { protection, explain } = settledProfile(settings.vendor);
  const failure = (error: unknown): Error =>
    toConnectorError(error, { action: `list the ${kind}s`, explain });
  const cancellation = new Cancellation(call.signal);
  let connection: Connection;
  try {
    connection = await pool.dedicate(cancellation);
  } catch (error) {
    throw failure(error);
  }
  const stop = cancellation.onAbort(() => connection.destroy());
  try {
    const { strategy } = await activationOf(exchange);
    const wanted = requestedAttributes(settings, strategy, call.attributes);
    for await (const page of pages(connection, kind, exchange, wanted)) {
      for (const raw of page) {
        // The directory's own accounts and groups are nobody's business here.
        if (protection?.reason(raw)) continue;
        yield toEntry(kind, await withoutRanges(exchange, raw), settings, strategy);
      }
    }
  } catch (error) {
    throw failure(
      cancellation.aborted
        ? new ConnectionLost('it took longer than allowed', true, 'aborted', error)
        : asConnectionLost(error),
    );
  } finally {
    stop();
    await pool.dismiss(connection);
  }
}
