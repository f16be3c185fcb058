/** Long forms of the planner fuzz. Usage: npm run torture -- fuzz [queries, default 500000] */
import { InProcess } from './fuzz-executors';
import { fuzzRound, noStatistics } from './fuzz-rounds';

const QUERIES_PER_ROUND = 400;

/** Random queries against the full scan, on seeds nobody has seen; throws at the first difference. */
export async function fuzz(queries: number): Promise<void> {
  const seed = Number(process.env['EMBEDDED_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  process.stdout.write(`fuzz: the first seed is ${seed}\n`);
  const server = new InProcess();
  const statistics = noStatistics();
  for (let round = 0; statistics.queries < queries; round += 1) {
    await fuzzRound(server, seed + round, QUERIES_PER_ROUND, statistics);
    process.stdout.write(`\rfuzz: ${statistics.queries} of ${queries} queries   `);
  }
  await server.close();
  process.stdout.write(`\nfuzz: nothing differs: ${JSON.stringify(statistics)}\n`);
}
