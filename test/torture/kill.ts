/**
 * Kills a server under load again and again, and in every third round also the server that takes
 * over, in the middle of its start; checks after every round that nothing acknowledged is missing
 * and that indexes and documents agree. Usage: npm run torture -- kill [rounds, default 100]
 */
import { killRounds } from './kill-rounds';

/** Runs the rounds; throws at the first one that went wrong and leaves its directory behind. */
export async function kill(rounds: number): Promise<void> {
  const result = await killRounds({
    rounds,
    roundsPerDirectory: 20,
    delayMs: [50, 600],
    onRound: ({ rounds: done, documents, acknowledged }) => {
      const line = `kill: round ${done} of ${rounds}, ${documents} documents, `;
      process.stdout.write(`\r${line}${acknowledged} acknowledged   `);
    },
  });
  const { acknowledged, interruptedStarts, slowestStartMs } = result;
  process.stdout.write(
    `\nkill: ${rounds} rounds and ${interruptedStarts} interrupted starts, ${acknowledged} ` +
      `acknowledged, nothing lost, every index agrees with its documents; the slowest start took ` +
      `${Math.round(slowestStartMs)} ms\n`,
  );
}
