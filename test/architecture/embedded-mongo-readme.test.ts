import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const home = path.join(__dirname, '../../src/embedded-mongo');

describe("the embedded store's README", () => {
  it('names the job of every file, and of no other', () => {
    const table = readFileSync(path.join(home, 'README.md'), 'utf8').split('## Files')[1] ?? '';
    const rows = [...table.matchAll(/^\| `([^`]+\.ts)`\s*\| (.*?)\s*\|$/gm)];
    const files = readdirSync(home, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => name.split(path.sep).join('/'));
    expect(rows.map((row) => row[1]).sort()).toEqual(files.sort());
    expect(rows.filter((row) => (row[2] ?? '').length < 5)).toEqual([]);
  });
});
