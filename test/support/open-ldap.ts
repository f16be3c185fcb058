/** An open LDAP connector on a test server, and the entries that tests make with it. */
import { ldap, type LdapSettings } from '../../connectors/ldap';
import {
  type Attributes,
  type CallContext,
  type Connector,
  ConnectorError,
  type Written,
} from '../../connectors/spi';

export type LdapOverrides = Partial<LdapSettings>;

/** What a connector must know of a server. */
export interface LdapServer {
  readonly url: string;
  readonly bindDN: string;
  readonly bindPassword: string;
  readonly userBaseDN: string;
  readonly groupBaseDN: string;
}

/** Opens a connector; the caller closes it. */
export function openLdap(
  server: LdapServer,
  overrides: LdapOverrides = {},
  log: (level: string, message: string) => void = () => undefined,
): Connector {
  const { url, bindDN, userBaseDN, groupBaseDN, bindPassword } = server;
  const given = { url, bindDN, userBaseDN, groupBaseDN, ...overrides };
  const { settings, secrets } = ldap.parse(given, { bindPassword });
  return ldap.open(settings, secrets, { targetId: 't', dataDir: '.', log });
}

/** Attributes of a complete inetOrgPerson. */
export function person(name: string): Attributes {
  return { uid: [name], cn: [`Name of ${name}`], sn: ['Äußere'], displayName: ['Ada Lovelace'] };
}

export function within(timeoutMs: number): CallContext {
  return { signal: AbortSignal.timeout(timeoutMs) };
}

export function addUser(
  connector: Connector,
  name: string,
  more: Attributes = {},
): Promise<Written> {
  const attributes = { ...person(name), ...more };
  return connector.create('user', { attributes, active: true }, `owner-${name}`, within(20_000));
}

/** What a delivery of one user came to. */
export interface Delivered {
  readonly written: Written;
  readonly attempts: number;
}

/**
 * Makes the user as the gateway would: an unknown outcome is looked at before the next attempt, an outage is waited out.
 * Rejects with what a retry does not cure.
 */
export async function deliverUser(
  connector: Connector,
  name: string,
  deadlineMs: number,
): Promise<Delivered> {
  const until = Date.now() + deadlineMs;
  let unknown = false;
  for (let attempts = 1; ; attempts += 1) {
    try {
      const key = { attribute: 'uid', value: name };
      const found = unknown ? await connector.correlate('user', [key], within(20_000)) : [];
      if (found.length > 1) throw new Error(`${name} is there ${found.length} times`);
      const written = found[0] ?? (await addUser(connector, name));
      return { written, attempts };
    } catch (error) {
      if (!(error instanceof ConnectorError) || Date.now() > until) throw error;
      if (!['unavailable', 'timeout', 'throttled'].includes(error.kind)) throw error;
      unknown ||= error.outcome === 'unknown';
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
