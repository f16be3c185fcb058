/**
 * Which test holds which requirement. A test names its requirements at the beginning of its name, `7644-3.6-1`; run as a
 * program, this writes docs/scim-conformance.md (npm run conformance:table).
 */
const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '../..');
const tableFile = path.join(root, 'docs/scim-conformance.md');

const { counts, requirements } = JSON.parse(
  readFileSync(path.join(__dirname, 'requirements.json'), 'utf8'),
);

const ID = /(?:7643|7644|9865)-\d+(?:\.\d+)*-\d+/g;
/** A string that begins with ids: the name of a test, or of a row of a table of tests. */
const NAME = /(['"`])((?:(?:7643|7644|9865)-\d+(?:\.\d+)*-\d+,? )+)((?:(?!\1)[^\\\n]|\\.)+)\1/g;

function testFiles(folder) {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return testFiles(file);
    return file.endsWith('.test.ts') ? [file] : [];
  });
}

/** Every test that names requirements: `{ file, ids, name }`. */
function namedTests() {
  return testFiles('test').flatMap((file) =>
    [...readFileSync(path.join(root, file), 'utf8').matchAll(NAME)].map(([, , ids, name]) => ({
      file,
      ids: ids.match(ID),
      name: name.replace(/\\(['"`])/g, '$1'),
    })),
  );
}

function testsById() {
  const byId = new Map();
  for (const test of namedTests()) {
    for (const id of test.ids) byId.set(id, [...(byId.get(id) ?? []), test]);
  }
  return byId;
}

function cell(text) {
  return text.replace(/\|/g, '\\|');
}

function row({ id, keyword, text, applies, reason, note }, tests = []) {
  const named = tests.map(({ file, name }) => `[${cell(name)}](../${file})`);
  const binds = applies === 'provider' ? [] : [applies === 'client' ? `Client: ${reason}` : reason];
  const notes = note === undefined ? [] : [note];
  return `| ${id} | ${keyword} | ${cell(text)} | ${[...binds, ...named, ...notes].join('<br>')} |`;
}

/** The text of docs/scim-conformance.md. */
function render() {
  const byId = testsById();
  const binding = requirements.filter(({ applies }) => applies === 'provider').length;
  const lines = [
    '# SCIM conformance',
    '',
    `Every MUST, MUST NOT, REQUIRED, SHALL and SHALL NOT of RFC 7643, RFC 7644 and RFC 9865: ${requirements.length} of them, of which`,
    `${binding} bind a service provider and each of these has a test. \`7644-3.6-1\` is the first one of RFC 7644 section 3.6.`,
    '`npm run conformance:table` writes this page from [requirements.json](../test/conformance/requirements.json) and the names',
    'of the tests; a test holds it against both, and the list against the number of keywords in each section.',
    '',
  ];
  let heading = '';
  for (const requirement of requirements) {
    const title = `## RFC ${requirement.id.slice(0, 4)}, section ${requirement.section}`;
    if (title !== heading) {
      if (heading !== '') lines.push('');
      lines.push(
        title,
        '',
        '| requirement | keyword | what it says | tests |',
        '|---|---|---|---|',
      );
      heading = title;
    }
    lines.push(row(requirement, byId.get(requirement.id)));
  }
  return `${lines.join('\n')}\n`;
}

module.exports = { counts, namedTests, render, requirements, tableFile, testsById };

if (require.main === module) writeFileSync(tableFile, render());
