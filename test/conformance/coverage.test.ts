/** The list of requirements is complete, every one that binds a service provider has a test, and docs/ says which. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const coverage: unknown = jest.requireActual('./coverage.cjs');

const requirement = z.strictObject({
  id: z.string().regex(/^(7643|7644|9865)-\d+(\.\d+)*-\d+$/),
  section: z.string(),
  keyword: z.enum(['MUST', 'MUST NOT', 'REQUIRED', 'SHALL', 'SHALL NOT']),
  applies: z.enum(['provider', 'client', 'other']),
  text: z.string().min(8),
  reason: z.string().min(8).optional(),
  note: z.string().min(8).optional(),
});
const namedTest = z.object({ file: z.string(), ids: z.array(z.string()), name: z.string() });

const { counts, requirements, tableFile, tests, table } = read();

function read() {
  const module = z
    .object({
      counts: z.record(z.string(), z.record(z.string(), z.number())),
      requirements: z.array(requirement),
      tableFile: z.string(),
      namedTests: z.function({ input: [], output: z.array(namedTest) }),
      render: z.function({ input: [], output: z.string() }),
    })
    .parse(coverage);
  return { ...module, tests: module.namedTests(), table: module.render() };
}

it('numbers the requirements of each section from 1 to the number of keywords it has in the RFC', () => {
  const expected = Object.entries(counts).flatMap(([rfc, sections]) =>
    Object.entries(sections).flatMap(([section, count]) =>
      Array.from({ length: count }, (_, index) => `${rfc}-${section}-${String(index + 1)}`),
    ),
  );
  expect(requirements.map(({ id }) => id).sort()).toEqual(expected.sort());
  const total = (rfc: string): number =>
    Object.values(counts[rfc] ?? {}).reduce((sum, count) => sum + count, 0);
  // As many as the texts of the RFCs have, in all.
  expect([total('7643'), total('7644'), total('9865')]).toEqual([136, 160, 19]);
});

it('names the section of every requirement, and why it binds no service provider', () => {
  for (const { id, section, applies, reason } of requirements) {
    expect([id, id.split('-')[1]]).toEqual([id, section]);
    expect([id, reason === undefined]).toEqual([id, applies === 'provider']);
  }
});

it('has a test for every requirement that binds service providers', () => {
  const tested = new Set(tests.flatMap(({ ids }) => ids));
  const untested = requirements.filter(
    ({ id, applies }) => applies === 'provider' && !tested.has(id),
  );
  expect(untested.map(({ id, text }) => `${id} ${text}`)).toEqual([]);
});

it('knows every requirement that a test names', () => {
  const known = new Set(requirements.map(({ id }) => id));
  const unknown = tests.flatMap(({ file, ids }) =>
    ids.filter((id) => !known.has(id)).map((id) => `${file}: ${id}`),
  );
  expect(unknown).toEqual([]);
});

it('leaves out none of the tests that name requirements', () => {
  const left = tests.filter(({ file }) =>
    /\b(?:it|test|describe)(?:\.each)?\.(?:skip|todo|only)\b|\bx(?:it|test|describe)\(/.test(
      readFileSync(path.join(__dirname, '../..', file), 'utf8'),
    ),
  );
  expect(left).toEqual([]);
});

it('has the tests of a section in the file of that section', () => {
  const misplaced = tests.filter(({ file, ids }) => {
    const place = /conformance\/rfc(\d+)\/([\d.]+)\.test\.ts$/.exec(file);
    return place !== null && !ids.every((id) => id.startsWith(`${place[1]}-${place[2]}-`));
  });
  expect(misplaced).toEqual([]);
});

it('is what docs/scim-conformance.md says (npm run conformance:table writes it)', () => {
  expect(readFileSync(tableFile, 'utf8')).toBe(table);
});
