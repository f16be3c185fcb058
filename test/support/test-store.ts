/** The real store on a database of the test's own. */
import { randomBytes } from 'node:crypto';
import { openStore, type Store } from '../../src/store/store';

export interface TestStore extends Store {
  readonly dbName: string;
  readonly uri: string;
}

/** Opens an empty database; `close` erases it. */
export async function openTestStore(): Promise<TestStore> {
  const uri = process.env['TEST_MONGODB_URI'];
  if (!uri) throw new Error('TEST_MONGODB_URI is not set: run the tests by npm test.');
  const dbName = `usher_test_${randomBytes(6).toString('hex')}`;
  const store = await openStore({ uri, dbName, encryptionKey: randomBytes(32) });
  return {
    ...store,
    dbName,
    uri,
    close: async () => {
      await store.connection.dropDatabase();
      await store.close();
    },
  };
}
