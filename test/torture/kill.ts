/**
 * Kills a server under load again and again and checks after every round that nothing acknowledged
 * is missing and that indexes and documents agree. Usage: npm run torture -- kill [rounds, default 100]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { childScript, compileServer } from '../unit/embedded-mongo/compiled-server';
import { Acknowledged, killRound, WRITERS } from './kill-rounds';

/** A directory that only grows makes every check slower, so now and then a new one is begun. */
const ROUNDS_PER_DIRECTORY = 20;

/** Runs the rounds; throws at the first one that went wrong and leaves its directory behind. */
export async function kill(rounds: number): Promise<void> {
  const server = compileServer();
  const script = childScript(server, WRITERS);
  let checked = 0;
  for (let first = 0; first < rounds; first += ROUNDS_PER_DIRECTORY) {
    const dataDir = mkdtempSync(join(tmpdir(), 'embedded-mongo-torture-'));
    const acknowledged = new Acknowledged();
    for (let at = first; at < Math.min(first + ROUNDS_PER_DIRECTORY, rounds); at += 1) {
      const { documents } = await killRound(script, dataDir, at, acknowledged).catch(
        (error: unknown) => {
          console.error(`\nround ${at + 1} failed, its data is in ${dataDir}`);
          throw error;
        },
      );
      const line = `kill: round ${at + 1} of ${rounds}, ${documents} documents, `;
      process.stdout.write(`\r${line}${checked + acknowledged.size} acknowledged   `);
    }
    checked += acknowledged.size;
    rmSync(dataDir, { recursive: true, force: true });
  }
  rmSync(dirname(server), { recursive: true, force: true });
  process.stdout.write('\nkill: nothing lost, every index agrees with its documents\n');
}
