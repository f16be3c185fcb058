import { execFile } from 'node:child_process';
import { join } from 'node:path';

const RUN = join(__dirname, '../../torture/run.cjs');

/**
 * Runs a torture in a process of its own and returns its statistics: in the sandbox of the test
 * runner every use of a global takes so long that these loops take ten times as long.
 */
export function torture(which: 'fuzz' | 'updates', count: number, seed: number): Promise<unknown> {
  const env = { ...process.env, EMBEDDED_FUZZ_SEED: String(seed) };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [RUN, which, String(count)], { env }, (error, stdout, stderr) => {
      const [, statistics] = stdout.split('nothing differs: ');
      if (error === null && statistics !== undefined) resolve(JSON.parse(statistics));
      else reject(new Error(`${which} from seed ${seed} failed:\n${stderr}`));
    });
  });
}
