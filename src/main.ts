/** The process: configuration, start, and an orderly end on SIGTERM and SIGINT. */
import 'reflect-metadata';
import { startApp } from './app';
import { readConfig } from './config';
import { StartError } from './start-error';

/** When an orderly end takes longer than this, the process ends anyway: what is durable is delivered after a restart. */
const STOP_DEADLINE_MS = 8_000;

async function main(): Promise<void> {
  const signalled = new Promise<void>((resolve) => {
    // From the first moment on: a signal during the start waits for it and then ends it in an orderly way.
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  const app = await startApp(readConfig(), (line) => process.stdout.write(`${line}\n`));
  const code = await Promise.race([signalled.then(() => 0), app.failed.then(() => 1)]);
  setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
  await app.stop();
  process.exit(code);
}

main().catch((error: unknown) => {
  const reason =
    error instanceof StartError || !(error instanceof Error)
      ? String(error instanceof Error ? error.message : error)
      : (error.stack ?? error.message);
  process.stderr.write(`Usher cannot start.\n${reason}\n`);
  process.exit(1);
});
