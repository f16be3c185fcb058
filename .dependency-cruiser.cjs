/**
 * Who may import whom (docs/architecture.md). Type imports count: data flows one way, SCIM to domain to store to delivery
 * to connectors, and only app.ts knows everybody.
 */
const only = (name, from, allowed, own = [from]) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^(src|connectors|schema|test|bench)/', pathNot: [...own, ...allowed] },
});

/** Sub-folders of a home are private to it. */
const privateFolders = (home, exceptions = []) => ({
  name: `private-${home.replace(/\W/g, '-')}`,
  severity: 'error',
  comment: `Import only files that stand directly in ${home}/.`,
  from: { pathNot: `^${home}/` },
  to: { path: `^${home}/[^/]+/`, pathNot: exceptions },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: ['\\.d\\.ts$', '^src/graphql/print-schema\\.ts$'] },
      to: {},
    },
    {
      name: 'no-dev-packages',
      severity: 'error',
      comment: 'What runs in production is a dependency, not a devDependency.',
      from: {},
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'] },
    },
    only('domain-imports-nothing', '^src/domain/', ['^schema/scim/']),
    only('scim-imports-domain', '^src/scim/', ['^src/domain/']),
    only('store-imports-domain', '^src/store/', ['^src/domain/']),
    only('administration-imports-domain', '^src/administration/', ['^src/domain/']),
    only('delivery-imports-domain-and-spi', '^src/delivery/', [
      '^src/domain/',
      '^connectors/spi\\.ts$',
    ]),
    only('graphql-imports-domain-and-administration', '^src/graphql/', [
      '^src/domain/',
      '^src/administration/',
    ]),
    only('embedded-mongo-imports-nothing', '^src/embedded-mongo/', []),
    only('telemetry-imports-nothing', '^src/telemetry/', []),
    {
      ...only(
        'connectors-import-the-spi',
        '^connectors/([^/]+)/',
        ['^connectors/$1/', '^connectors/spi\\.ts$', '^connectors/sql/'],
        [],
      ),
      comment: 'A connector knows no other connector, and nothing of the gateway.',
    },
    only('ldap-shares-nothing', '^connectors/ldap/', ['^connectors/spi\\.ts$']),
    only('sql-knows-no-connector', '^connectors/sql/', ['^connectors/spi\\.ts$']),
    only('spi-imports-nothing', '^connectors/spi\\.ts$', []),
    {
      name: 'mongoose-only-in-store',
      severity: 'error',
      from: { pathNot: '^src/store/' },
      to: { path: 'node_modules/(mongoose|mongodb)/' },
    },
    {
      name: 'only-main-starts-the-app',
      severity: 'error',
      comment:
        'Only files that stand directly in src/, and programs of their own, know the configuration.',
      from: { pathNot: '^src/([^/]+\\.ts$|tools/)' },
      to: { path: '^src/(main|app|config)\\.ts$' },
    },
    privateFolders('src/scim'),
    privateFolders('src/store'),
    privateFolders('src/delivery'),
    privateFolders('src/graphql'),
    privateFolders('src/embedded-mongo'),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'default', 'types'],
    },
  },
};
