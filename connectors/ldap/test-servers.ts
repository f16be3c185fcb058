/** The part of the connection test that looks at the servers beside the first. */
import { type TestStep } from '../spi';
import { Connection } from './connection';
import { ConnectionLost, toConnectorError } from './failures';
import { directoryIdentity } from './same-directory';
import { type LdapSecrets, type LdapSettings } from './settings';

/** The value, or a rejection when the signal is first. */
export function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void =>
      reject(new ConnectionLost('it took longer than allowed', false, 'aborted'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort))
      .catch(() => undefined);
  });
}

async function identityAt(
  url: string,
  settings: LdapSettings,
  secrets: LdapSecrets,
): Promise<string | undefined> {
  const connection = await Connection.open({ ...settings, url }, secrets);
  try {
    return await directoryIdentity(connection, settings);
  } finally {
    await connection.close();
  }
}

/** One step for each further server: it can be signed in to, and holds the same directory as the first. */
export async function testFailoverServers(
  settings: LdapSettings,
  secrets: LdapSecrets,
  signal: AbortSignal,
): Promise<readonly TestStep[]> {
  if (settings.failoverUrls.length === 0) return [];
  const expected = await within(signal, identityAt(settings.url, settings, secrets));
  return Promise.all(
    settings.failoverUrls.map(async (url, index): Promise<TestStep> => {
      const name = `failover-${index + 1}`;
      try {
        if ((await within(signal, identityAt(url, settings, secrets))) === expected) {
          return { name, state: 'ok', message: `${url} is signed in to and holds the directory.` };
        }
        return {
          name,
          state: 'failed',
          message: `${url} holds another directory: ${settings.userBaseDN} is not the same entry there.`,
          remedy: 'Name servers that replicate the same directory.',
        };
      } catch (error) {
        const { message } = toConnectorError(error, { action: `test ${url}` });
        const remedy = 'Mend the server, or take it out of failoverUrls.';
        return { name, state: 'failed', message, remedy };
      }
    }),
  );
}
