/** The example of docs/connectors.md, written out under another name: it compiles, is linted, and keeps the contract. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { examples, NewConnectorError, newConnector } from '../../../src/tools/new-connector';
import { temporaryFolder } from '../../support/daemon';

const root = path.join(__dirname, '../../..');
const NAME = 'guest-book';
const WRITTEN = [
  ...['index', 'settings', 'directory', 'connector', 'entry'].map(
    (file) => `connectors/${NAME}/${file}.ts`,
  ),
  `test/contract/${NAME}.test.ts`,
  `connectors/${NAME}/README.md`,
  'connectors/registry.ts',
];

describe('a new connector', () => {
  const folder = temporaryFolder();
  const copy = path.join(folder.path, 'copy');

  beforeAll(() => {
    mkdirSync(copy);
    const taken = [
      'package.json',
      'tsconfig.json',
      '.prettierrc.json',
      '.config',
      'connectors',
      'docs',
    ];
    for (const name of [...taken, 'test/contract', 'test/support/daemon.ts', 'src/tools']) {
      cpSync(path.join(root, name), path.join(copy, name), { recursive: true });
    }
    symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  });
  afterAll(() => folder.remove());

  const run = (program: string, ...args: readonly string[]): string => {
    const file = path.join('node_modules', program);
    const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
      cwd: copy,
      encoding: 'utf8',
      env: { ...process.env, JEST_WORKER_ID: undefined },
    });
    return status === 0 ? '' : `${stdout}\n${stderr}`;
  };

  it.each(['', 'A', '1a', 'a_b', 'a--b', '-a', 'a-', '../x', 'a/b', 'a b', 'é', 'a'.repeat(41)])(
    'is not called %j',
    (name) => expect(() => newConnector(copy, name)).toThrow(/cannot be the name of a connector/),
  );

  it.each(['ldap', 'radius', 'saml', 'sql', 'spi', 'registry', 'connector'])(
    'is not called %s, which is taken',
    (name) => {
      const before = readFileSync(path.join(copy, 'connectors/registry.ts'), 'utf8');
      expect(() => newConnector(copy, name)).toThrow(NewConnectorError);
      expect(readFileSync(path.join(copy, 'connectors/registry.ts'), 'utf8')).toBe(before);
    },
  );

  it('is the example of the document, word for word but for the name', () => {
    const markdown = readFileSync(path.join(root, 'docs/connectors.md'), 'utf8');
    expect(examples(markdown).map(({ file }) => file.replace('notebook', NAME))).toEqual(
      WRITTEN.slice(0, -1),
    );
  });

  it('is written by one command, and then the name is taken', () => {
    // As `npm run new:connector` does after it has compiled.
    const program = path.join(root, 'dist/src/tools/new-connector.js');
    const create = () =>
      spawnSync(process.execPath, [program, NAME], { cwd: copy, encoding: 'utf8' });
    const { stdout, stderr, status } = create();
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    for (const file of WRITTEN) {
      expect(stdout).toContain(file);
      expect(existsSync(path.join(copy, file))).toBe(true);
    }
    const again = create();
    expect({ status: again.status, stderr: again.stderr }).toEqual({
      status: 1,
      stderr: `new:connector: There is connectors/${NAME} already.\n`,
    });
  });

  it('has no trace of the example left, and is in the list', () => {
    for (const file of WRITTEN) {
      expect(readFileSync(path.join(copy, file), 'utf8')).not.toMatch(/notebook/i);
    }
    const registry = readFileSync(path.join(copy, 'connectors/registry.ts'), 'utf8');
    expect(registry).toContain("import { connector as guestBookConnector } from './guest-book';");
    expect(registry).toMatch(/BUILT_IN: .*= \[.*, guestBookConnector\];/);
  });

  it('is formatted and linted', () => {
    const code = WRITTEN.filter((file) => file.endsWith('.ts'));
    expect(run('prettier/bin/prettier.cjs', '--check', ...code)).toBe('');
    expect(run('eslint/bin/eslint.js', '-c', '.config/eslint.config.mjs', ...code)).toBe('');
  }, 300_000);

  it('compiles', () => {
    const extended = {
      extends: './tsconfig.json',
      files: [`test/contract/${NAME}.test.ts`, WRITTEN.at(-1)],
    };
    writeFileSync(
      path.join(copy, 'tsconfig.new.json'),
      JSON.stringify({ ...extended, include: [] }),
    );
    expect(run('typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.new.json')).toBe('');
  }, 300_000);

  it('keeps the contract', () => {
    // Without the database that other suites start.
    const config = `module.exports = { ...require('./.config/jest.config.cjs'), rootDir: __dirname, globalSetup: undefined, globalTeardown: undefined };`;
    writeFileSync(path.join(copy, 'jest.new.cjs'), config);
    expect(run('jest/bin/jest.js', '-c', 'jest.new.cjs', `test/contract/${NAME}`)).toBe('');
  }, 300_000);
});
