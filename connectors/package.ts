/** A connector from an npm package or a folder: found, loaded, and looked at before anything relies on it. */
import path from 'node:path';
import { ConnectorLoadError } from './load-error';
import { type ConnectorType, SPI_VERSION } from './spi';

/** Throws {@link ConnectorLoadError}, which says what is wrong with the package and what to do about it. */
export function loadPackage(name: string): ConnectorType {
  const type = load(find(name), name)['connector'];
  const version = isObject(type) ? type['spiVersion'] : undefined;
  if (typeof version !== 'number' || !isObject(type)) {
    throw refuse(
      name,
      'exports no connector: it must export a ConnectorType as "connector" (connectors/spi.ts)',
    );
  }
  // Before anything else: another version may look entirely different.
  if (version !== SPI_VERSION) {
    throw refuse(
      name,
      `was written for version ${version} of the connector interface; this Usher has version ${SPI_VERSION}. Install a matching version of the package`,
    );
  }
  const faults = faultsOf(type);
  if (faults.length > 0) throw refuse(name, `exports a malformed connector: ${faults.join('; ')}`);
  return type as unknown as ConnectorType;
}

function refuse(name: string, why: string, cause?: unknown): ConnectorLoadError {
  return new ConnectorLoadError(`CONNECTORS names ${name}, which ${why}.`, { cause });
}

/** A name that begins as a path is one, from where the process was started. */
function find(name: string): string {
  const isPath = /^\.{0,2}\//.test(name);
  try {
    return isPath
      ? require.resolve(path.resolve(name))
      : require.resolve(name, { paths: [process.cwd()] });
  } catch (error) {
    const remedy = isPath
      ? 'is no folder or file with a connector compiled to JavaScript'
      : `is not installed. Install it with: npm install ${name}`;
    throw refuse(name, remedy, error);
  }
}

function load(file: string, name: string): Readonly<Record<string, unknown>> {
  try {
    // A package is chosen when Usher starts, so its name is not known when it is compiled.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const loaded = require(file) as unknown;
    return isObject(loaded) ? loaded : {};
  } catch (error) {
    const [reason = ''] = String(error instanceof Error ? error.message : error).split('\n');
    throw refuse(name, `fails when it is loaded: ${reason.replace(/\.$/, '')}`, error);
  }
}

type Unknown = Readonly<Record<string, unknown>>;

const METHODS = ['namingAttribute', 'defaultMapping', 'parse', 'open'] as const;
const SCHEMAS = ['settingsSchema', 'secretsSchema'] as const;

/** Everything that is wrong with it at once, each as half a sentence. */
function faultsOf(type: Unknown): readonly string[] {
  const { id, title, capabilitiesFor } = type;
  return [
    ...(typeof id === 'string' && /^[a-z][a-z0-9-]*$/.test(id)
      ? []
      : ['id must be lower-case letters, digits and hyphens']),
    ...(typeof title === 'string' && title !== '' ? [] : ['title must be a text']),
    ...capabilityFaults(type['capabilities']),
    ...SCHEMAS.filter((name) => !isObjectSchema(type[name])).map(
      (name) => `${name} must be a JSON Schema with "type": "object"`,
    ),
    ...METHODS.filter((name) => typeof type[name] !== 'function').map(
      (name) => `${name} must be a function`,
    ),
    ...(['undefined', 'function'].includes(typeof capabilitiesFor)
      ? []
      : ['capabilitiesFor must be a function']),
  ];
}

function capabilityFaults(capabilities: unknown): readonly string[] {
  if (!isObject(capabilities)) return ['capabilities must be an object'];
  const { kinds, activation, rename, password, answers = false, maxConcurrency } = capabilities;
  const kindsSound =
    Array.isArray(kinds) &&
    kinds.includes('user') &&
    kinds.every((kind) => kind === 'user' || kind === 'group');
  const flags = Object.entries({ rename, password, answers });
  return [
    ...(kindsSound ? [] : ['capabilities.kinds must have "user" and may have "group"']),
    ...(activation === 'native' || activation === 'none'
      ? []
      : ['capabilities.activation must be "native" or "none"']),
    ...flags
      .filter(([, value]) => typeof value !== 'boolean')
      .map(([name]) => `capabilities.${name} must be true or false`),
    ...(Number.isInteger(maxConcurrency) && (maxConcurrency as number) > 0
      ? []
      : ['capabilities.maxConcurrency must be a whole number of at least 1']),
  ];
}

/** Forms are drawn from it. */
function isObjectSchema(schema: unknown): boolean {
  return (
    isObject(schema) &&
    schema['type'] === 'object' &&
    (schema['properties'] === undefined || isObject(schema['properties']))
  );
}

function isObject(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
