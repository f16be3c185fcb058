import { mongo } from 'mongoose';
import { matches } from './matching';
import { type Entities, runOperation } from './operations';
import {
  type CollectionContent,
  type ExpectedError,
  type Fields,
  type Operation,
  type Specification,
  type SpecificationTest,
} from './specification';

/** How a test can end when nothing is wrong. */
export type Verdict = 'passed' | 'refused';

/** NotImplemented, an unknown field, an unknown command: how the server says that it does not. */
const REFUSALS = new Set([238, 40415, 59]);
const OUTCOME_PATIENCE_MS = 1000;

/** Whether the server, and not the driver, refused what it does not support. */
function isRefusal(error: unknown): boolean {
  if (error instanceof mongo.MongoBulkWriteError) {
    const errors = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
    if (errors.some(({ code }) => REFUSALS.has(code))) return true;
  }
  return error instanceof mongo.MongoServerError && REFUSALS.has(Number(error.code));
}

function describeValue(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'bigint' ? String(item) : item,
  );
}

/** What of the expected error the actual one lacks. */
function lacking(expected: ExpectedError, error: Error): string[] {
  const server = error instanceof mongo.MongoServerError ? error : undefined;
  const { result } = error as { result?: unknown };
  const { writeErrors } = error as { writeErrors?: unknown };
  const checks: [string, boolean][] = [
    ['isClientError', expected.isClientError === undefined || expected.isClientError === !server],
    [
      'errorContains',
      error.message.toLowerCase().includes((expected.errorContains ?? '').toLowerCase()),
    ],
    ['errorCode', expected.errorCode === undefined || server?.code === expected.errorCode],
    [
      'errorCodeName',
      expected.errorCodeName === undefined || server?.codeName === expected.errorCodeName,
    ],
    [
      'errorResponse',
      expected.errorResponse === undefined ||
        matches(expected.errorResponse, server?.errorResponse),
    ],
    ['expectResult', expected.expectResult === undefined || matches(expected.expectResult, result)],
    [
      'writeErrors',
      expected.writeErrors === undefined || matches(expected.writeErrors, writeErrors),
    ],
  ];
  return checks.filter(([, fine]) => !fine).map(([name]) => name);
}

function checkError(operation: Operation, error: unknown): Verdict {
  const { expectError } = operation;
  if (isRefusal(error)) return 'refused';
  if (expectError === undefined || !(error instanceof Error)) throw error;
  const missing = lacking(expectError, error);
  if (missing.length === 0) return 'passed';
  throw new Error(`${operation.name}: ${missing.join(', ')} of ${describeValue(error)}`);
}

async function runOne(entities: Entities, operation: Operation): Promise<Verdict> {
  let result: unknown;
  try {
    result = await runOperation(entities, operation);
  } catch (error) {
    return checkError(operation, error);
  }
  if (operation.expectError !== undefined) {
    throw new Error(`${operation.name} should have failed, it gave ${describeValue(result)}`);
  }
  if (operation.expectResult === undefined || matches(operation.expectResult, result))
    return 'passed';
  throw new Error(
    `${operation.name} gave ${describeValue(result)}, ` +
      `expected was ${describeValue(operation.expectResult)}`,
  );
}

async function createEntities(uri: string, specification: Specification): Promise<Entities> {
  const clients = new Map<string, mongo.MongoClient>();
  const databases = new Map<string, mongo.Db>();
  const collections = new Map<string, mongo.Collection<Fields>>();
  for (const { client, database, collection } of specification.createEntities) {
    if (client !== undefined) {
      clients.set(client.id, await new mongo.MongoClient(uri, client.uriOptions ?? {}).connect());
    }
    if (database !== undefined) {
      const { databaseName, databaseOptions } = database;
      const parent = clients.get(database.client) as mongo.MongoClient;
      databases.set(database.id, parent.db(databaseName, databaseOptions));
    }
    if (collection !== undefined) {
      const { collectionName, collectionOptions } = collection;
      const parent = databases.get(collection.database) as mongo.Db;
      collections.set(collection.id, parent.collection<Fields>(collectionName, collectionOptions));
    }
  }
  return { clients, databases, collections };
}

async function fill(client: mongo.MongoClient, contents: CollectionContent[]): Promise<void> {
  for (const { databaseName, collectionName, documents } of contents) {
    const db = client.db(databaseName);
    await db.dropCollection(collectionName);
    await db.createCollection(collectionName);
    if (documents.length > 0) await db.collection<Fields>(collectionName).insertMany(documents);
  }
}

/** An unacknowledged write may still be on its way, so a wrong outcome gets a little time. */
async function checkOutcome(client: mongo.MongoClient, content: CollectionContent): Promise<void> {
  const { databaseName, collectionName, documents } = content;
  const collection = client.db(databaseName).collection<Fields>(collectionName);
  const deadline = Date.now() + OUTCOME_PATIENCE_MS;
  for (;;) {
    const found = await collection.find().sort({ _id: 1 }).toArray();
    if (matches(documents, found, false)) return;
    if (Date.now() > deadline) {
      throw new Error(`left ${describeValue(found)}, expected was ${describeValue(documents)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Runs one test; throws when the server's answers or the data it leaves are not as specified. */
export async function runTest(
  internal: mongo.MongoClient,
  uri: string,
  specification: Specification,
  test: SpecificationTest,
): Promise<Verdict> {
  await fill(internal, specification.initialData ?? []);
  const entities = await createEntities(uri, specification);
  try {
    for (const operation of test.operations) {
      if ((await runOne(entities, operation)) === 'refused') return 'refused';
    }
    for (const content of test.outcome ?? []) await checkOutcome(internal, content);
    return 'passed';
  } finally {
    await Promise.all([...entities.clients.values()].map((client) => client.close()));
  }
}
