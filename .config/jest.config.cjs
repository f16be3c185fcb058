const { existsSync } = require('node:fs');
const path = require('node:path');

/** MongoDB's own CRUD tests are data of somebody else's, and not part of the project; CI has them beside it. */
const specifications = existsSync(path.join(__dirname, '../../shared/mongodb-specifications/crud'));
// Workers read this file too; one line is loud enough.
if (!specifications && !process.env.JEST_WORKER_ID) {
  process.stderr.write(
    "\n*** MongoDB's CRUD specification tests are not run: they are read from ../shared/mongodb-specifications ***\n",
  );
}

/** @type {import('jest').Config} */
module.exports = {
  rootDir: path.join(__dirname, '..'),
  testEnvironment: 'node',
  setupFiles: ['reflect-metadata'],
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...(specifications ? [] : ['/mongodb-crud/'])],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testSequencer: '<rootDir>/.config/test-sequencer.cjs',
  testTimeout: 30_000,
  maxWorkers: 2,
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'commonjs' },
        jsc: {
          target: 'es2022',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: {
            legacyDecorator: true,
            decoratorMetadata: false,
            useDefineForClassFields: false,
          },
        },
      },
    ],
  },
};
