import { type KillPlan, killRounds } from '../../torture/kill-rounds';

/** Two series at a time: a round mostly waits for a process to start. */
const SERIES: KillPlan = { rounds: 16, roundsPerDirectory: 8, delayMs: [50, 250] };

/** The short form of test/torture/kill.ts. */
describe('a killed server', () => {
  it('keeps every acknowledged write, also when its successor is killed while it starts', async () => {
    const results = await Promise.all([killRounds(SERIES), killRounds(SERIES)]);
    const sum = (of: 'rounds' | 'acknowledged' | 'interruptedStarts'): number =>
      results.reduce((total, result) => total + result[of], 0);
    expect(sum('rounds')).toBe(32);
    expect(sum('acknowledged')).toBeGreaterThanOrEqual(320);
    expect(sum('interruptedStarts')).toBeGreaterThan(2);
  }, 600_000);
});
