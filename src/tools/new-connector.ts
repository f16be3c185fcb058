/**
 * `npm run new:connector NAME`: writes the example of docs/connectors.md under another name, with its test, and adds it to
 * the list in connectors/registry.ts. The document is the only template, so neither can be right without the other.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const DOCUMENT = 'docs/connectors.md';
const REGISTRY = 'connectors/registry.ts';
const EXAMPLE = 'notebook';
/** Words of the repository that are no connector's. */
const TAKEN: readonly string[] = ['registry', 'package', 'spi', 'sql', 'connector'];
const LONGEST = 40;

/** A failure the person at the keyboard can mend. */
export class NewConnectorError extends Error {
  override readonly name = 'NewConnectorError';
}

/** Writes the files below `root` and answers their names. Nothing is written when the name cannot be used. */
export function newConnector(root: string, name: string): readonly string[] {
  checkName(root, name);
  const files = examples(readFileSync(path.join(root, DOCUMENT), 'utf8')).map((example) => ({
    file: renamed(example.file, name),
    text: renamed(example.text, name),
  }));
  const registry = registered(readFileSync(path.join(root, REGISTRY), 'utf8'), name);
  for (const { file, text } of files) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text, { flag: 'wx' });
  }
  writeFileSync(path.join(root, REGISTRY), registry);
  return [...files.map(({ file }) => file), REGISTRY];
}

/** The code blocks that say which file they are. */
export function examples(markdown: string): readonly { file: string; text: string }[] {
  return [...markdown.matchAll(/^```(?:ts|md) (\S+)\n([\s\S]*?)^```$/gm)].map(
    ([, file = '', text = '']) => ({ file, text }),
  );
}

function checkName(root: string, name: string): void {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > LONGEST) {
    throw new NewConnectorError(
      `"${name}" cannot be the name of a connector: write it in lower case with single hyphens, such as "my-directory", with ${LONGEST} characters at most.`,
    );
  }
  const places = [`connectors/${name}`, `connectors/${name}.ts`, `test/contract/${name}.test.ts`];
  const there = places.find((place) => existsSync(path.join(root, place)));
  if (there !== undefined) throw new NewConnectorError(`There is ${there} already.`);
  if (TAKEN.includes(name)) throw new NewConnectorError(`The name "${name}" is taken.`);
}

/** In code the example's name is a class's beginning and the title; elsewhere it is the id. */
function renamed(text: string, name: string): string {
  return text
    .replaceAll("'Notebook (", `'${words(name).join(' ')} (`)
    .replaceAll('Notebook', words(name).join(''))
    .replaceAll(EXAMPLE, name);
}

function words(name: string): readonly string[] {
  return name.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
}

/** The list with one more line: an import, and an entry of the array. */
function registered(text: string, name: string): string {
  const pascal = words(name).join('');
  const local = `${pascal.charAt(0).toLowerCase()}${pascal.slice(1)}Connector`;
  const list = /(const BUILT_IN: readonly ConnectorType\[\] = \[)([^\]]*?),?\s*\]/;
  if (!list.test(text)) {
    throw new NewConnectorError(`${REGISTRY} has no list BUILT_IN to add the connector to.`);
  }
  return text
    .replace(list, (_all, start: string, entries: string) => `${start}${entries}, ${local}]`)
    .replace(/^import /m, `import { connector as ${local} } from './${name}';\nimport `);
}

/** Names of another length break lines elsewhere. */
function format(root: string, files: readonly string[]): void {
  const prettier = path.join(root, 'node_modules/prettier/bin/prettier.cjs');
  const code = files.filter((file) => file.endsWith('.ts'));
  const { status, stderr } = spawnSync(process.execPath, [prettier, '--write', ...code], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new NewConnectorError(`The files could not be formatted: ${stderr}`);
}

function main(root: string, names: readonly string[]): void {
  const [name] = names;
  if (name === undefined || names.length > 1) {
    throw new NewConnectorError('Give it one name: npm run new:connector my-directory');
  }
  const files = newConnector(root, name);
  format(root, files);
  const lines = [
    ...files.map((file) => `${file === REGISTRY ? 'changed' : 'wrote'} ${file}`),
    '',
    'It works as it is, with an SQLite file for a directory. Try it:',
    `  npx jest -c .config/jest.config.cjs test/contract/${name}`,
    `docs/connectors.md and connectors/README.md tell how to make it yours.`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

if (require.main === module) {
  try {
    main(process.cwd(), process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof NewConnectorError)) throw error;
    process.stderr.write(`new:connector: ${error.message}\n`);
    process.exit(1);
  }
}
