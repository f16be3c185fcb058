import { transformFileSync } from '@swc/core';
import { mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../../..');

/**
 * Compiles the server into a temporary directory, so that child processes and worker threads run
 * today's sources and not what some earlier build left behind. Returns the path of its index.
 */
export function compileServer(): string {
  const source = join(ROOT, 'src/embedded-mongo');
  const target = mkdtempSync(join(tmpdir(), 'embedded-mongo-build-'));
  symlinkSync(join(ROOT, 'node_modules'), join(target, 'node_modules'));
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const output = join(target, name.replace(/\.ts$/, '.js'));
    const { code } = transformFileSync(join(source, name), {
      swcrc: false,
      module: { type: 'commonjs' },
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    });
    mkdirSync(dirname(output), { recursive: true });
    writeFileSync(output, code);
  }
  return join(target, 'index.js');
}

/** A script for a child process that has the compiled server and the driver at hand. */
export function childScript(server: string, body: string): string {
  const path = join(dirname(server), `child-${Math.random().toString(36).slice(2)}.cjs`);
  const head = [
    `const { startEmbeddedMongo, DataDirectoryLockedError } = require(${JSON.stringify(server)});`,
    `const { mongo } = require('mongoose');`,
    `const { writeSync } = require('node:fs');`,
    `const say = (line) => writeSync(1, line + '\\n');`,
  ];
  writeFileSync(path, `${head.join('\n')}\n(async () => {\n${body}\n})();\n`);
  return path;
}
