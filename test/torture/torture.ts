/**
 * Usage: npm run torture [-- kill [rounds] | disk | fuzz [queries] | updates [count]];
 * without arguments everything.
 */
import { disk } from './disk';
import { fuzz } from './fuzz';
import { kill } from './kill';
import { updates } from './updates';

const TORTURES: Record<string, (count: number | undefined) => Promise<void>> = {
  disk: () => disk(),
  kill: (rounds = 100) => kill(rounds),
  fuzz: (queries = 500_000) => fuzz(queries),
  updates: (count = 1_000_000) => updates(count),
};

async function main(): Promise<void> {
  const [which, count] = process.argv.slice(2);
  if (which === undefined) {
    for (const torture of Object.values(TORTURES)) await torture(undefined);
    return;
  }
  const torture = Object.hasOwn(TORTURES, which) ? TORTURES[which] : undefined;
  if (torture === undefined) {
    throw new Error(`there is no torture '${which}', only ${Object.keys(TORTURES).join(', ')}`);
  }
  if (count !== undefined && !/^[1-9]\d*$/.test(count)) {
    throw new Error(`'${count}' is not a number of ${which} to do`);
  }
  await torture(count === undefined ? undefined : Number(count));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
