/** An Usher whose store is a process of its own, beside the directory that the parts of the benchmark deliver to. */
import path from 'node:path';
import { temporaryFolder, until } from '../test/support/daemon';
import { type Slapd, startSlapd } from '../test/support/slapd';
import { StoreProcess } from '../test/support/store-process';
import { Usher } from '../test/support/usher';
import { CommandCounter } from './command-counter';
import { type Subject } from './scim-subject';

export interface Bench {
  readonly usher: Usher;
  readonly counter: CommandCounter;
  readonly key: string;
}

export async function withUsher(run: (bench: Bench) => Promise<void>): Promise<void> {
  const folder = temporaryFolder('uc-');
  const store = await StoreProcess.start();
  const counter = await CommandCounter.start(path.join(folder.path, 'c.sock'), store.socket);
  const usher = await Usher.start({ ...store.environment, MONGODB_URI: counter.uri });
  try {
    await run({ usher, counter, key: store.environment.ADMIN_API_KEY });
  } finally {
    await usher.stop();
    counter.stop();
    await store.stop();
    folder.remove();
  }
}

export async function subjectOf(usher: Usher, targetIds: readonly string[]): Promise<Subject> {
  const syncAs = targetIds.map((targetId) => ({ targetId }));
  const { token } = await usher.createRule(`R${String(Math.random())}`, syncAs);
  return { url: usher.url, token, ids: [], groupId: '' };
}

export async function waiting(usher: Usher): Promise<number> {
  const { bindings } = await usher.graphql(
    '{ bindings(states: [PENDING, DELIVERING, RETRYING], first: 1) { totalCount } }',
  );
  return bindings.totalCount as number;
}

export const delivered = (usher: Usher): Promise<void> =>
  until('everything to be delivered', async () => (await waiting(usher)) === 0, 3_600_000, 500);

export async function withSlapd(run: (bench: Bench, slapd: Slapd) => Promise<void>): Promise<void> {
  const slapd = await startSlapd({ logsOperations: true });
  await withUsher((bench) => run(bench, slapd)).finally(() => slapd.stop());
}
