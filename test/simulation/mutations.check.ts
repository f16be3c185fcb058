/** What the simulation is worth: every defect that was put into the engine is found. */
import { runHistory } from './history';
import { MUTATIONS } from './mutations';

jest.setTimeout(600_000);

const MOST_HISTORIES = 1_500;

test.each(MUTATIONS)('it is noticed when $name', async (mutation) => {
  let seed = 0;
  let found: readonly string[] = [];
  for (; seed < MOST_HISTORIES && found.length === 0; seed += 1) {
    found = (await runHistory(seed, mutation)).violations;
  }
  expect({ seed, found }).not.toEqual({ seed: MOST_HISTORIES, found: [] });
});
