/** Gives every suite a database server: the one named by TEST_MONGODB_URI, or an embedded one for this run. */
import { startEmbeddedMongo } from '../../src/embedded-mongo';
import { temporaryFolder } from './daemon';

export default async function globalSetup(): Promise<void> {
  if (process.env['TEST_MONGODB_URI']) return;
  const folder = temporaryFolder('um-');
  const server = await startEmbeddedMongo({ dataDir: folder.path, thread: 'inline' });
  process.env['TEST_MONGODB_URI'] = server.uri;
  (globalThis as { stopTestDatabase?: () => Promise<void> }).stopTestDatabase = async () => {
    await server.close();
    folder.remove();
  };
}
