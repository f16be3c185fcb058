/** Gives every suite a database server: the one named by TEST_MONGODB_URI, or an embedded one for this run. */
import { startEmbeddedMongo } from '../../src/embedded-mongo';
import { temporaryFolder } from './daemon';
import { keepFilesInMemory } from './memory-folder';

type Ending = () => void | Promise<void>;

export default async function globalSetup(): Promise<void> {
  const endings: Ending[] = [keepFilesInMemory()];
  (globalThis as { testRunEndings?: Ending[] }).testRunEndings = endings;
  if (process.env['TEST_MONGODB_URI']) return;
  const folder = temporaryFolder('um-');
  const server = await startEmbeddedMongo({ dataDir: folder.path, thread: 'inline' });
  process.env['TEST_MONGODB_URI'] = server.uri;
  endings.unshift(() => server.close(), folder.remove);
}
