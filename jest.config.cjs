const { existsSync } = require('node:fs');
const path = require('node:path');

/** MongoDB's own CRUD tests are data of somebody else's, and not part of the project; CI has them beside it. */
const specifications = existsSync(path.join(__dirname, '../shared/mongodb-specifications/crud'));
if (!specifications) {
  process.env.USHER_NO_CRUD_SPECIFICATIONS ??= (() => {
    process.stderr.write(
      "\n*** MongoDB's CRUD specification tests are not run: they are read from ../shared/mongodb-specifications ***\n",
    );
    return 'told';
  })();
}

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  setupFiles: ['reflect-metadata'],
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...(specifications ? [] : ['/mongodb-crud/'])],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
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
