import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ENVIRONMENT } from '../../src/config';

const root = path.join(__dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

function markdownFiles(folder = '.'): string[] {
  return readdirSync(path.join(root, folder)).flatMap((name) => {
    if (['node_modules', 'dist', 'data', '.git'].includes(name)) return [];
    const file = path.join(folder, name);
    if (statSync(path.join(root, file)).isDirectory()) return markdownFiles(file);
    return name.endsWith('.md') ? [file] : [];
  });
}

describe('the documentation', () => {
  it('describes every environment variable with its default, and no other', () => {
    const rows = [
      ...read('docs/configuration.md').matchAll(/^\| `([A-Z_]+)` \| (.*?) \| (.*?) \|$/gm),
    ];
    expect(rows.map((row) => row[1])).toEqual(Object.keys(ENVIRONMENT));
    for (const [, name, standard, meaning] of rows) {
      const schema = ENVIRONMENT[name as keyof typeof ENVIRONMENT] as z.ZodType;
      expect({ name, meaning }).toEqual({ name, meaning: schema.description });
      const parsed = z.object({ value: schema }).safeParse({});
      const value = (parsed.success ? parsed.data.value : undefined) as
        string | number | boolean | readonly string[] | undefined;
      const shown =
        value === undefined || (Array.isArray(value) && value.length === 0)
          ? ''
          : typeof value === 'boolean'
            ? '`on`'
            : `\`${String(value)}\``;
      expect({ name, standard: standard?.trim() }).toEqual({ name, standard: shown });
    }
  });

  it('links only to files that exist', () => {
    const broken = markdownFiles().flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map((match) => path.join(path.dirname(file), match[1] ?? ''))
        .filter((target) => !existsSync(path.join(root, target)))
        .map((target) => `${file} -> ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('names only homes and files that exist in the table of who may import whom', () => {
    const table = read('docs/architecture.md').match(/\| home \|[\s\S]*?\n\n/)?.[0] ?? '';
    const names = [...table.matchAll(/^\| `([^`<]+)` \|/gm)].map((match) => match[1] ?? '');
    expect(names.length).toBeGreaterThan(8);
    expect(names.filter((name) => !existsSync(path.join(root, name)))).toEqual([]);
  });

  it('names every home of the source in that table', () => {
    const text = read('docs/architecture.md');
    const homes = readdirSync(path.join(root, 'src')).filter((name) =>
      statSync(path.join(root, 'src', name)).isDirectory(),
    );
    expect(homes.filter((home) => !text.includes(`\`src/${home}/\``))).toEqual([]);
  });
});
