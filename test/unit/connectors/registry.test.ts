import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ConnectorLoadError, loadConnectors } from '../../../connectors/registry';
import { SPI_VERSION } from '../../../connectors/spi';
import { temporaryFolder } from '../../support/daemon';

/** The source of a package whose connector is sound, but for what is laid over it. */
function source(over: Readonly<Record<string, string>> = {}): string {
  const fields = {
    id: "'telex'",
    spiVersion: String(SPI_VERSION),
    title: "'Telex'",
    capabilities:
      "{ kinds: ['user'], activation: 'none', rename: false, password: false, maxConcurrency: 1 }",
    settingsSchema: "{ type: 'object', properties: {} }",
    secretsSchema: "{ type: 'object' }",
    namingAttribute: "() => 'name'",
    defaultMapping: '() => ({ user: [], group: [] })',
    parse: '(settings, secrets) => ({ settings, secrets })',
    open: '() => ({})',
    ...over,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value},`);
  return `exports.connector = { ${lines.join('\n')} };`;
}

describe('the connector registry', () => {
  const folder = temporaryFolder();
  const before = process.cwd();
  beforeAll(() => process.chdir(folder.path));
  afterAll(() => {
    process.chdir(before);
    folder.remove();
  });

  const write = (home: string, text: string): void => {
    mkdirSync(path.join(folder.path, home), { recursive: true });
    writeFileSync(path.join(folder.path, home, 'index.js'), text);
  };
  let serial = 0;
  /** Installs a package and answers its name. */
  const install = (text: string): string => {
    const name = `usher-package-${(serial += 1)}`;
    write(`node_modules/${name}`, text);
    return name;
  };
  const refusal = (...packages: readonly string[]): string => {
    try {
      loadConnectors(packages);
    } catch (error) {
      expect(error).toBeInstanceOf(ConnectorLoadError);
      return (error as Error).message;
    }
    throw new Error('the package was loaded');
  };

  it('has those that come with Usher', () => {
    const types = loadConnectors().all();
    expect(types.map((type) => type.id)).toEqual(
      expect.arrayContaining(['ldap', 'radius', 'saml']),
    );
    expect(types.every((type) => type.spiVersion === SPI_VERSION)).toBe(true);
  });

  it('finds nothing wrong with those that come with Usher', () => {
    for (const { id } of loadConnectors().all()) {
      const home = path.join(__dirname, '../../../connectors', id);
      const name = install(
        `const found = Object.values(require(${JSON.stringify(home)})).find((one) => one.id === '${id}'); exports.connector = { ...found, id: 'copy-${id}' };`,
      );
      expect(loadConnectors([name]).get(`copy-${id}`)?.id).toBe(`copy-${id}`);
    }
  });

  it('loads packages by their names', () => {
    const scoped = '@example/usher-fax';
    write(`node_modules/${scoped}`, source({ id: "'fax'" }));
    const registry = loadConnectors([install(source()), scoped]);
    expect(registry.get('telex')?.title).toBe('Telex');
    expect(registry.get('fax')).toBeDefined();
    expect(registry.get('phone')).toBeUndefined();
  });

  it('loads a folder, a file, and an absolute path', () => {
    write('own', source());
    for (const name of ['./own', './own/index.js', path.join(folder.path, 'own')]) {
      expect(loadConnectors([name]).get('telex')).toBeDefined();
    }
    process.chdir(path.join(folder.path, 'own'));
    expect(loadConnectors(['../own']).get('telex')).toBeDefined();
    process.chdir(folder.path);
  });

  it('refuses what is not there, and says how to get it', () => {
    expect(refusal('usher-nowhere')).toBe(
      'CONNECTORS names usher-nowhere, which is not installed. Install it with: npm install usher-nowhere.',
    );
    expect(refusal('./nowhere')).toMatch(
      /^CONNECTORS names \.\/nowhere, which is no folder or file/,
    );
  });

  it.each([
    ['throws when it is loaded', 'throw new Error("boom\\nat line 2")', /is loaded: boom\.$/],
    ['throws something else', 'throw "boom"', /is loaded: boom\.$/],
    ['is no JavaScript', 'export what', /fails when it is loaded/],
    ['lacks a package of its own', 'require("usher-deep")', /is loaded: .*usher-deep/],
    ['exports nothing', '', /exports no connector/],
    ['exports something else', 'exports.connector = 7;', /exports no connector/],
    ['exports null', 'module.exports = null;', /exports no connector/],
    ['says no version', source({ spiVersion: "'1'" }), /exports no connector/],
    [
      'was written for another version',
      source({ spiVersion: '99' }),
      /for version 99 .* version 1\./,
    ],
    ['takes an id that is taken', source({ id: "'ldap'" }), /"ldap" is loaded already/],
    ['has an id that is none', source({ id: "'Telex!'" }), /id must be/],
    ['has no title', source({ title: '""' }), /title must be/],
    ['has no schema', source({ settingsSchema: 'undefined' }), /settingsSchema must be/],
    [
      'has a schema of a list',
      source({ secretsSchema: "{ type: 'array' }" }),
      /secretsSchema must/,
    ],
    ['has no capabilities', source({ capabilities: 'null' }), /capabilities must be an object/],
    [
      'has wrong capabilities',
      source({
        capabilities:
          "{ kinds: ['group'], activation: 1, rename: 1, answers: 1, maxConcurrency: 0 }",
      }),
      /kinds must .*activation must .*rename must .*password must .*answers must .*maxConcurrency must/,
    ],
    [
      'lacks methods',
      source({ parse: '1', open: 'undefined' }),
      /parse must .* open must be a fun/,
    ],
    ['has a half method', source({ capabilitiesFor: '{}' }), /capabilitiesFor must be a function/],
  ])('refuses a package that %s', (_why, text, message) => {
    const name = install(text);
    expect(refusal(name)).toMatch(message);
    expect(refusal(name)).toContain(`CONNECTORS names ${name}, wh`);
  });

  it('refuses the second of two packages with the same id', () => {
    expect(refusal(install(source()), install(source()))).toMatch(/"telex" is loaded already/);
  });
});
