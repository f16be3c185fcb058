/** What can be seen of a simulated database from outside. */
import { type FakeEntry } from '../support/fake-connector';
import { type MemoryDatabase } from '../support/memory-mongo/connection';
import { type Document } from '../support/memory-mongo/values';
import { type SimulatedDirectory } from './directory';

export function documentsOf(database: MemoryDatabase, collection: string): readonly Document[] {
  return [...database.collection(collection).documents.values()];
}

/** Nothing waits, and nothing is under way. */
export function isAtRest(database: MemoryDatabase): boolean {
  return (
    !documentsOf(database, 'resources').some(({ pending }) => pending !== undefined) &&
    !documentsOf(database, 'bindings').some(({ dueAt }) => dueAt !== undefined) &&
    !documentsOf(database, 'targets').some(({ rolloutAt }) => rolloutAt !== undefined) &&
    !documentsOf(database, 'sync_rules').some(
      ({ rollouts }) => rollouts !== undefined && Object.keys(rollouts as object).length > 0,
    )
  );
}

/** Whose an entry is: whom it was made for, or who took it over. */
export function ownerOf(
  database: MemoryDatabase,
  { madeFor, targetId }: SimulatedDirectory,
  { reference }: FakeEntry,
): string | undefined {
  const bound = documentsOf(database, 'bindings').find(
    (binding) => binding['targetId'] === targetId && binding['reference'] === reference,
  );
  return madeFor.get(reference) ?? (bound && String(bound['resourceId']));
}
