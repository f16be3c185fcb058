/** Whether several servers hold the same directory: the base has the same immutable identity on each. */
import { createHash } from 'node:crypto';
import { ResultCodeError } from 'ldapts';
import { ConnectorError } from '../spi';
import { type Connection } from './connection';
import { type Servers } from './servers';
import { type LdapSettings } from './settings';
import { attributeValues } from './values';

/** What replication carries along, and two directories never share. */
const IDENTITIES = ['entryUUID', 'nsUniqueId', 'objectGUID'] as const;

/** Undefined where the base cannot be read: then there is nothing to compare. */
export async function directoryIdentity(
  connection: Connection,
  settings: LdapSettings,
): Promise<string | undefined> {
  const found = await connection.client
    .search(settings.userBaseDN, {
      scope: 'base',
      attributes: [...IDENTITIES],
      explicitBufferAttributes: ['objectGUID'],
    })
    .catch((error: unknown) => {
      if (error instanceof ResultCodeError) return undefined;
      throw error;
    });
  const [base] = found?.searchEntries ?? [];
  const values = IDENTITIES.flatMap((name) => attributeValues(base?.[name]));
  if (values.length === 0) return undefined;
  return createHash('sha256').update(values.join(' ')).digest('hex');
}

/** Refuses a server that holds another directory than the one seen first: everything would be made there once more. */
export async function assertSameDirectory(
  connection: Connection,
  servers: Servers,
  settings: LdapSettings,
  url: string,
): Promise<void> {
  if (!servers.several) return;
  if (servers.isSame(await directoryIdentity(connection, settings))) return;
  connection.destroy();
  throw new ConnectorError(
    'unavailable',
    `${url} holds another directory than the other servers: ${settings.userBaseDN} is not the same entry there.`,
  );
}
