/** Usage: npm run torture [-- kill [rounds] | disk]; without arguments everything. */
import { disk } from './disk';
import { kill } from './kill';

async function main(): Promise<void> {
  const [which, rounds] = process.argv.slice(2);
  if (which !== undefined && which !== 'kill' && which !== 'disk') {
    throw new Error(`there is no torture '${which}', only kill and disk`);
  }
  if (which !== 'kill') await disk();
  if (which !== 'disk') await kill(Number(rounds ?? 100));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
