import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadConnectors } from '../../../connectors/registry';
import { SPI_VERSION } from '../../../connectors/spi';
import { temporaryFolder } from '../../support/daemon';

describe('the connector registry', () => {
  const folder = temporaryFolder();
  const before = process.cwd();
  beforeAll(() => process.chdir(folder.path));
  afterAll(() => {
    process.chdir(before);
    folder.remove();
  });

  const install = (name: string, source: string): void => {
    const home = path.join(folder.path, 'node_modules', name);
    mkdirSync(home, { recursive: true });
    writeFileSync(path.join(home, 'index.js'), source);
  };
  const connector = (id: string, spiVersion: number): string =>
    `exports.connector = { id: '${id}', spiVersion: ${spiVersion}, title: 'T', capabilities: {}, parse() {}, open() {} };`;

  it('has the three that come with Usher', () => {
    expect(
      loadConnectors()
        .all()
        .map((type) => type.id),
    ).toEqual(['ldap', 'radius', 'saml']);
    expect(
      loadConnectors()
        .all()
        .every((type) => type.spiVersion === SPI_VERSION),
    ).toBe(true);
  });

  it('loads a package by its name', () => {
    install('usher-telex', connector('telex', SPI_VERSION));
    expect(loadConnectors(['usher-telex']).get('telex')?.title).toBe('T');
  });

  it.each([
    ['is not installed', 'usher-nowhere', undefined, /npm install usher-nowhere/],
    ['exports no connector', 'usher-empty', 'exports.x = 1;', /exports no connector/],
    ['was written for another interface', 'usher-old', connector('old', 99), /version 99/],
    [
      'brings a connector that is there already',
      'usher-ldap',
      connector('ldap', SPI_VERSION),
      /loaded already/,
    ],
    ['fails when it is loaded', 'usher-broken', 'throw new Error("boom")', /boom/],
  ])('refuses a package that %s', (_why, name, source, message) => {
    if (source) install(name, source);
    expect(() => loadConnectors([name])).toThrow(message);
  });
});
