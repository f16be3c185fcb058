import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { signature } from '../../../src/domain/mapping/definition';
import { FUNCTIONS } from '../../../src/domain/mapping/functions';
import { compileMapping, evaluateMapping } from '../../../src/domain/mapping';
import * as limits from '../../../src/domain/mapping/limits';
import { type ScimObject } from '../../../src/domain/resource';
import { mappingUser, userSchema } from './mapping-user';

const doc = readFileSync(join(__dirname, '../../../docs/mapping.md'), 'utf8');

/** The contents of all fenced blocks of a language. */
function blocks(language: string): string[] {
  return doc
    .split('\n```')
    .filter((block) => block.startsWith(`${language}\n`))
    .map((block) => block.slice(language.length + 1));
}

const attributes = JSON.parse(blocks('json')[0] ?? '') as ScimObject;
const examples = blocks('mapping')
  .flatMap((block) => block.split('\n'))
  .filter((line) => line.trim() !== '')
  .map((line) => {
    const arrow = line.lastIndexOf('=>');
    return [line.slice(0, arrow).trim(), line.slice(arrow + 2).trim()] as const;
  });

/** The manager's. */
const ENTRIES = new Map([['26118915-6090-4610-87e4-49d8ca9f808d', 'uid=ada,ou=people,dc=example']]);

describe('docs/mapping.md', () => {
  it.each(examples)('%s => %s', (expression, expected) => {
    const mapping = compileMapping(
      [{ attribute: 'a', expression, apply: 'AUTHORITATIVE' }],
      userSchema,
    );
    const entries = { nameOf: (id: string) => ENTRIES.get(id) };
    const result = evaluateMapping(mapping, mappingUser(attributes), entries).authoritative['a'];
    expect(result).toEqual(JSON.parse(expected));
  });

  it.each([...FUNCTIONS])(
    'documents %s() with its signature and an example',
    (name, definition) => {
      expect(doc).toContain(`| \`${signature(name, definition)}\` |`);
      expect(examples.some(([expression]) => expression.includes(`${name}(`))).toBe(true);
    },
  );

  it('documents no function that does not exist', () => {
    const documented = [...doc.matchAll(/^\| `([a-zA-Z]+)\(/gm)].map((match) => match[1]);
    expect(documented).toEqual([...FUNCTIONS.keys()]);
  });

  it('shows an error as it is', () => {
    const entry = { attribute: 'mail', expression: 'lower(emials[type eq "work"].value)' };
    expect(() => compileMapping([entry], userSchema)).toThrow((blocks('error')[0] ?? '').trim());
  });

  it('states every limit', () => {
    for (const limit of Object.values(limits)) {
      const text = new Intl.NumberFormat('en').format(limit);
      expect(doc).toMatch(new RegExp(`\\b${text}\\b`));
    }
  });
});
