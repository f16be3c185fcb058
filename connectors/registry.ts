/** The only list of connectors: those that come with Usher, and npm packages named in CONNECTORS. */
import { connector as httpConnector } from './http';
import { ldap } from './ldap';
import { loadPackage } from './package';
import { radius } from './radius';
import { saml } from './saml';
import { ConnectorLoadError } from './load-error';
import { type ConnectorRegistry, type ConnectorType } from './spi';

export { ConnectorLoadError } from './load-error';

/** `npm run new:connector` adds to this list. */
const BUILT_IN: readonly ConnectorType[] = [ldap, radius, saml, httpConnector];

/** The built-in connectors and one for each package, or folder. A package exports a `ConnectorType` as `connector`. */
export function loadConnectors(packages: readonly string[] = []): ConnectorRegistry {
  const types = new Map<string, ConnectorType>(BUILT_IN.map((type) => [type.id, type]));
  for (const name of packages) {
    const type = loadPackage(name);
    if (types.has(type.id)) {
      throw new ConnectorLoadError(
        `CONNECTORS names ${name}, whose connector "${type.id}" is loaded already. Remove one of the two.`,
      );
    }
    types.set(type.id, type);
  }
  return { get: (id) => types.get(id), all: () => [...types.values()] };
}
