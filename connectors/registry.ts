/** The only list of connectors: those that come with Usher, and npm packages named in CONNECTORS. */
import { ldap } from './ldap';
import { radius } from './radius';
import { saml } from './saml';
import { type ConnectorRegistry, type ConnectorType, SPI_VERSION } from './spi';

/** Thrown for a package that cannot be used; the message says why, for the person who named it. */
export class ConnectorLoadError extends Error {
  override readonly name = 'ConnectorLoadError';
}

/** The built-in connectors and one for each package. A package exports a `ConnectorType` as `connector`. */
export function loadConnectors(packages: readonly string[] = []): ConnectorRegistry {
  const types = new Map<string, ConnectorType>();
  for (const type of [ldap, radius, saml] as readonly ConnectorType[]) types.set(type.id, type);
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

function loadPackage(name: string): ConnectorType {
  let loaded: { readonly connector?: unknown };
  try {
    // A package is chosen when Usher starts, so its name is not known when it is compiled.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    loaded = require(require.resolve(name, { paths: [process.cwd()] })) as typeof loaded;
  } catch (error) {
    throw new ConnectorLoadError(
      `CONNECTORS names ${name}, which cannot be loaded: ${(error as Error).message.split('\n')[0]}. Install it with: npm install ${name}`,
      { cause: error },
    );
  }
  if (!isConnectorType(loaded.connector)) {
    throw new ConnectorLoadError(
      `CONNECTORS names ${name}, which exports no connector: it must export a ConnectorType as "connector" (connectors/spi.ts).`,
    );
  }
  if (loaded.connector.spiVersion !== SPI_VERSION) {
    throw new ConnectorLoadError(
      `CONNECTORS names ${name}, which was written for version ${loaded.connector.spiVersion} of the connector interface; this Usher has version ${SPI_VERSION}. Install a matching version of the package.`,
    );
  }
  return loaded.connector;
}

function isConnectorType(value: unknown): value is ConnectorType {
  if (typeof value !== 'object' || value === null) return false;
  const type = value as Partial<Record<keyof ConnectorType, unknown>>;
  return (
    typeof type.id === 'string' &&
    typeof type.spiVersion === 'number' &&
    typeof type.parse === 'function' &&
    typeof type.open === 'function' &&
    typeof type.capabilities === 'object'
  );
}
