/** Long form of the comparison of updates with the oracle. Usage: npm run torture -- updates [count] */
import { InProcess } from './fuzz-executors';
import { noUpdates, updateRound } from './update-rounds';

const UPDATES_PER_ROUND = 10_000;

/** Random updates against the oracle, on seeds nobody has seen; throws at the first difference. */
export async function updates(count: number): Promise<void> {
  const seed = Number(process.env['EMBEDDED_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  process.stdout.write(`updates: the first seed is ${seed}\n`);
  const server = new InProcess();
  const statistics = noUpdates();
  for (let round = 0; statistics.updates < count; round += 1) {
    const next = Math.min(UPDATES_PER_ROUND, count - statistics.updates);
    await updateRound(server, seed + round, next, statistics);
    process.stdout.write(`\rupdates: ${statistics.updates} of ${count}   `);
  }
  await server.close();
  const shown = { ...statistics, refused: Object.fromEntries(statistics.refused) };
  process.stdout.write(`\nupdates: nothing differs: ${JSON.stringify(shown)}\n`);
}
