/** Schemas and resource types in DATA_DIR/schemas, which hold for all rules. What is wrong with them stops the start. */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, constants } from 'node:fs';
import path from 'node:path';
import {
  type FileDocument,
  type FileIssue,
  printPlace,
  readDefinitionFiles,
} from './domain/definitions';
import { type InputIssue } from './domain/ports';
import { standardSchemas } from './domain/standard-schemas';
import { type ScimDefinitions } from './domain/sync-rule';
import { StartError } from './start-error';

export const SCHEMA_FOLDER = 'schemas';
/** More than all schemas there may be. */
const MAX_FILES = 100;
/** A schema of 200 attributes with long descriptions has a quarter of it. */
const MAX_FILE_BYTES = 1_048_576;

export interface SchemaFiles {
  readonly definitions: ScimDefinitions;
  /** A reason not to start that names the files. */
  refusal(issues: readonly InputIssue[]): StartError;
}

/** Reads every `*.json` of the folder; no folder means no definitions. Throws {@link StartError}. */
export function readSchemaFiles(dataDir: string): SchemaFiles {
  const folder = path.resolve(dataDir, SCHEMA_FOLDER);
  const documents: FileDocument[] = [];
  const unread: FileIssue[] = [];
  for (const file of namesIn(folder)) {
    const read = readFile(path.join(folder, file));
    if (typeof read === 'string') unread.push({ file, path: [], message: read });
    else documents.push(...documentsOf(file, read.content));
  }
  const read = readDefinitionFiles(standardSchemas, documents, unread.length === 0);
  const issues = [...unread, ...read.issues];
  if (issues.length > 0) throw refusalOf(folder, issues);
  return {
    definitions: read.definitions,
    refusal: (found) =>
      refusalOf(
        folder,
        found.map((issue) => read.inFile(issue)),
      ),
  };
}

function namesIn(folder: string): readonly string[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw new StartError(
      `${folder} cannot be read (${codeOf(error)}). Make it a folder that this user may read, or remove it.`,
    );
  }
  // Hidden files are what editors and volumes leave there.
  const files = names.filter((name) => name.endsWith('.json') && !name.startsWith('.')).sort();
  if (files.length <= MAX_FILES) return files;
  throw new StartError(
    `${folder} has ${String(files.length)} files, and at most ${String(MAX_FILES)} are read. Put several documents into one file, as a list.`,
  );
}

/** What a file says, or what is wrong with it. */
function readFile(file: string): { readonly content: unknown } | string {
  let bytes: Buffer | undefined;
  try {
    // A named pipe must not hold up the start.
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile()) return 'Is no file. Remove it, or give it another name.';
      if (stat.size <= MAX_FILE_BYTES) bytes = readFileSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    return `Cannot be read (${codeOf(error)}). Let this user read it, or remove it.`;
  }
  if (bytes === undefined || bytes.length > MAX_FILE_BYTES) {
    return `Is larger than ${String(MAX_FILE_BYTES)} bytes. Spread its documents over several files.`;
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { content: JSON.parse(text) as unknown };
  } catch (error) {
    return error instanceof SyntaxError
      ? `Is not JSON: ${error.message}.`
      : 'Is not text in UTF-8. Save it as UTF-8.';
  }
}

/** A file holds one document or a list of them. */
function documentsOf(file: string, content: unknown): readonly FileDocument[] {
  if (!Array.isArray(content)) return [{ file, path: [], value: content }];
  return content.map((value: unknown, index) => ({ file, path: [String(index)], value }));
}

function refusalOf(folder: string, issues: readonly FileIssue[]): StartError {
  const lines = issues.map(({ file, path: steps, message }) => {
    const place = printPlace(steps);
    const where = file === undefined ? folder : path.join(folder, file);
    return place === '' ? `${where}: ${message}` : `${where}: ${place}: ${message}`;
  });
  return new StartError(lines.join('\n'));
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
