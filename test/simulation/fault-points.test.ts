/**
 * Guarantees 1, 2, 3 and 6 wherever a process dies: `life.ts` is lived again and again, and each time somebody dies at another
 * of the points of `fault-points.ts`. However it goes, in the end everything must be as if nobody had died.
 */
import { type Death, type Died, isReading, lifeWith } from './deaths';
import { FAULT_POINTS } from './fault-points';
import { MUTATIONS } from './mutations';

jest.setTimeout(900_000);

/** Of the times that somebody comes by at a point, so many: the first, the last, and some between. */
const MOST_TIMES = 3;
const MOST_FAILURES = 5;

const passed = new Set<string>();
/** Deaths after which somebody comes by at a point where nobody comes by without them. */
const waysTo = new Map<string, readonly Death[]>();
const failures: string[] = [];
let undisturbed: Died;

/** Lives with the deaths, and notes what of it is not as it should be. */
async function live(deaths: readonly Death[]): Promise<void> {
  const { violations, seen, passedAfterwards } = await lifeWith(deaths);
  for (const point of passedAfterwards) {
    if (!passed.has(point)) waysTo.set(point, deaths);
    passed.add(point);
  }
  const wanted = undisturbed.seen[seen.length - 1];
  const others =
    JSON.stringify(seen.at(-1)) === JSON.stringify(wanted) ? [] : [seen.at(-1), wanted];
  if (violations.length + others.length === 0) return;
  failures.push(JSON.stringify({ deaths, violations, others }, undefined, 2));
}

function deathsAt(point: string, time: number): readonly Death[] {
  const before: Death = { point, moment: 'before', time };
  return isReading(point) ? [before] : [before, { point, moment: 'after', time }];
}

function someOf(times: number): readonly number[] {
  const count = Math.min(times, MOST_TIMES);
  const step = count > 1 ? (times - 1) / (count - 1) : 0;
  return Array.from({ length: count }, (_, index) => 1 + Math.round(index * step));
}

beforeAll(async () => {
  undisturbed = await lifeWith([]);
  for (const point of undisturbed.passed.keys()) passed.add(point);
});

test('a life without deaths is as the rules have it', () => {
  const entries = [
    'ada boss active',
    'all: rob, sid',
    'fay staff active',
    'rob staff active',
    'sid staff active',
  ];
  expect(undisturbed.violations).toEqual([]);
  expect(undisturbed.seen.at(-1)).toEqual({ names: entries, ids: entries });
});

test('it ends the same whoever dies where', async () => {
  for (const [point, times] of undisturbed.passed) {
    for (const time of someOf(times)) {
      if (failures.length >= MOST_FAILURES) break;
      for (const death of deathsAt(point, time)) await live([death]);
    }
  }
  expect(failures).toEqual([]);
});

test('and where only those come by who follow somebody who died', async () => {
  const done = new Set<string>();
  for (
    let open = [...waysTo];
    open.length > 0;
    open = [...waysTo].filter(([one]) => !done.has(one))
  ) {
    for (const [point, way] of open) {
      done.add(point);
      for (const death of deathsAt(point, 1)) await live([...way, death]);
    }
  }
  expect(done.size).toBeGreaterThan(0);
  expect(failures).toEqual([]);
});

test('the list names every point, and no other', () => {
  const listed = new Set(FAULT_POINTS);
  expect({
    unlisted: [...passed].filter((point) => !listed.has(point)),
    neverReached: FAULT_POINTS.filter((point) => !passed.has(point)),
  }).toEqual({ unlisted: [], neverReached: [] });
});

test('it is noticed when a death loses what was acknowledged', async () => {
  const hasty = MUTATIONS.find(({ name }) => name.includes('pending is cleared before'));
  const point = 'fanOut.clearPending: resources.bulkWrite';
  const death: Death = { point, moment: 'after', time: 1 };
  expect((await lifeWith([death], hasty?.engine)).violations).not.toEqual([]);
  expect((await lifeWith([death])).violations).toEqual([]);
});
