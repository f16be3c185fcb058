/**
 * Guarantees 1, 2, 3 and 6 in random histories with faults: see `history.ts` for what happens in them, and `invariants.ts` for
 * what must hold. Seeds are the same each time, and a failure says how to repeat it; `npm run simulate -- FIRST COUNT` looks at
 * others.
 */
import { runHistory } from './history';

jest.setTimeout(900_000);

const HISTORIES = 1_000;
const MOST_FAILURES = 5;

async function failuresAmong(first: number, count: number): Promise<readonly string[]> {
  const failures: string[] = [];
  for (let seed = first; seed < first + count && failures.length < MOST_FAILURES; seed += 1) {
    const { violations } = await runHistory(seed);
    if (violations.length === 0) continue;
    failures.push(`${violations.join('\n')}\nRepeat it: npm run simulate -- ${String(seed)}`);
  }
  return failures;
}

test(`${String(HISTORIES)} histories end as they must`, async () => {
  expect(await failuresAmong(0, HISTORIES)).toEqual([]);
});

test('a history can be repeated from its seed', async () => {
  const [one, other] = [await runHistory(11, {}, true), await runHistory(11, {}, true)];
  expect(one.trace.length).toBeGreaterThan(50);
  expect(one.trace).toEqual(other.trace);
});
