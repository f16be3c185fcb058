/** The store that a contract suite is about: on a server, or on the database of the simulation, which must be no different. */
import { randomBytes } from 'node:crypto';
import { openStore, type Store, storeOn } from '../../src/store/store';
import { AT_ONCE, MemoryDatabase } from './memory-mongo/connection';

let isInMemory = false;

/** From here on; for a suite that runs another one once more. */
export function useMemory(): void {
  isInMemory = true;
}

export async function openContractStore(dbName: string): Promise<Store> {
  const encryptionKey = randomBytes(32);
  if (isInMemory)
    return storeOn(new MemoryDatabase().connect(AT_ONCE), encryptionKey, () => new Date());
  return openStore({ uri: process.env['TEST_MONGODB_URI'] ?? '', dbName, encryptionKey });
}
