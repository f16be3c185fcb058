import { EJSON } from 'bson';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where the specification's files are, beside the repository. They are never copied into it. */
const SPECIFICATION_FOLDER = resolve(__dirname, '../../../../shared/mongodb-specifications/crud');

/** A document of unknown content. */
export type Fields = Record<string, unknown>;

/** What an operation's failure must look like. */
export interface ExpectedError {
  isError?: boolean;
  isClientError?: boolean;
  errorContains?: string;
  errorCode?: number;
  errorCodeName?: string;
  errorResponse?: Fields;
  expectResult?: unknown;
  writeErrors?: unknown;
  writeConcernErrors?: unknown;
}

/** One call of the driver. */
export interface Operation {
  name: string;
  object: string;
  arguments?: Fields;
  expectResult?: unknown;
  expectError?: ExpectedError;
}

/** The content of a collection, before or after a test. */
export interface CollectionContent {
  databaseName: string;
  collectionName: string;
  documents: Fields[];
}

/** The servers a test is meant for. */
export interface Requirement {
  minServerVersion?: string;
  maxServerVersion?: string;
  topologies?: string[];
}

/** One test of a file. */
export interface SpecificationTest {
  description: string;
  runOnRequirements?: Requirement[];
  operations: Operation[];
  outcome?: CollectionContent[];
}

/** What a test works with; exactly one of the fields is there. */
export interface Entity {
  client?: { id: string; uriOptions?: Fields };
  database?: { id: string; client: string; databaseName: string; databaseOptions?: Fields };
  collection?: {
    id: string;
    database: string;
    collectionName: string;
    collectionOptions?: Fields;
  };
}

/** One file of the specification. */
export interface Specification {
  description: string;
  runOnRequirements?: Requirement[];
  createEntities: Entity[];
  initialData?: CollectionContent[];
  tests: SpecificationTest[];
}

/** All files. Where the folder is not there, .config/jest.config.cjs leaves the suite out and says so. */
export function readSpecifications(): Specification[] {
  return readdirSync(SPECIFICATION_FOLDER)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map(
      (name) =>
        EJSON.parse(readFileSync(join(SPECIFICATION_FOLDER, name), 'utf8'), {
          relaxed: true,
        }) as unknown as Specification,
    );
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let at = 0; at < 3; at += 1) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether a test is meant for a standalone server of the version. */
export function isMeantFor(version: string, requirements: Requirement[] | undefined): boolean {
  if (requirements === undefined) return true;
  return requirements.some(
    ({ minServerVersion, maxServerVersion, topologies }) =>
      (minServerVersion === undefined || compareVersions(version, minServerVersion) >= 0) &&
      (maxServerVersion === undefined || compareVersions(version, maxServerVersion) <= 0) &&
      (topologies === undefined || topologies.includes('single')),
  );
}
