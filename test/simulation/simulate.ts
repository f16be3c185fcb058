/**
 * `npm run simulate -- SEED` repeats one history and tells what happens in it; `npm run simulate -- FIRST COUNT` runs many,
 * and tells which of them end as they must not.
 */
import { runHistory } from './history';

async function main([first = '0', count = '1']: readonly string[]): Promise<void> {
  const [from, most] = [Number(first), Number(count)];
  if (![from, most].every((number) => Number.isSafeInteger(number) && number >= 0)) {
    throw new Error('Say: npm run simulate -- SEED, or: npm run simulate -- FIRST_SEED COUNT');
  }
  const begun = performance.now();
  let steps = 0;
  for (let seed = from; seed < from + most; seed += 1) {
    const outcome = await runHistory(seed, {}, most === 1);
    steps += outcome.steps;
    for (const line of outcome.trace) say(line);
    if (outcome.violations.length > 0) {
      process.exitCode = 1;
      say(`seed ${String(seed)}:\n  ${outcome.violations.join('\n  ')}`);
    }
    // Signals are heard.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
  say(`${String(most)} histories, ${String(steps)} steps, ${seconds} s`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

void main(process.argv.slice(2));
