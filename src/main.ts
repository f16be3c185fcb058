/** The process: configuration, start, and an orderly end on SIGTERM and SIGINT. */
import 'reflect-metadata';
import { startApp } from './app';
import { readConfig } from './config';
import { StartError } from './start-error';

async function main(): Promise<void> {
  const app = await startApp(readConfig(), (line) => process.stdout.write(`${line}\n`));
  let stopping = false;
  const stop = (code: number): void => {
    if (stopping) return;
    stopping = true;
    app.stop().then(
      () => process.exit(code),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', () => stop(0));
  process.once('SIGINT', () => stop(0));
  void app.failed.then(() => stop(1));
}

main().catch((error: unknown) => {
  const reason =
    error instanceof StartError || !(error instanceof Error)
      ? String(error instanceof Error ? error.message : error)
      : (error.stack ?? error.message);
  process.stderr.write(`Usher cannot start.\n${reason}\n`);
  process.exit(1);
});
