/** Runs simulate.ts from its source: the build holds no tests. */
const { transformFileSync } = require('@swc/core');

require.extensions['.ts'] = (module, file) => {
  const { code } = transformFileSync(file, {
    swcrc: false,
    sourceMaps: 'inline',
    module: { type: 'commonjs' },
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { useDefineForClassFields: false },
    },
  });
  module._compile(code, file);
};

require('./simulate.ts');
