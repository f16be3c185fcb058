/**
 * The file of an export: lines of JSON. First a header; then one line for each document, as canonical Extended JSON; last
 * a line with a checksum over all bytes before it, without which nothing is imported.
 */
import { BSON, EJSON } from 'bson';
import { z } from 'zod';
import { ToolError } from './run-tool';

export const EXPORT_FORMAT = 1;

const header = z.object({
  usherExport: z.literal(EXPORT_FORMAT),
  usherVersion: z.string(),
  createdAt: z.string(),
  /** Number of documents by collection, as estimated before the first was read. */
  collections: z.record(z.string(), z.number()),
});

const footer = z.object({
  usherExportEnd: z.literal(true),
  /** Of every byte before this line. */
  sha256: z.string(),
  /** Number of documents by collection, exactly. */
  collections: z.record(z.string(), z.number()),
  /** Short names of the keys that the secrets of targets are sealed with. */
  encryptionKeyIds: z.array(z.string()),
});

export type ExportHeader = z.output<typeof header>;
export type ExportFooter = z.output<typeof footer>;

const FOOTER_START = '{"usherExportEnd":';

export function isFooter(line: Buffer): boolean {
  return line.subarray(0, FOOTER_START.length).toString() === FOOTER_START;
}

/** Throws {@link ToolError} when the line is not the header of an export that this version reads. */
export function parseHeader(line: Buffer, file: string): ExportHeader {
  const content = parseJson(line.subarray(0, 1024 * 1024));
  const version = (content as { usherExport?: unknown } | null)?.usherExport;
  if (typeof version === 'number' && version !== EXPORT_FORMAT) {
    throw new ToolError(
      `${file} is an export of format ${version}, and this version of Usher reads format ${EXPORT_FORMAT}. Import it with the version that made it.`,
    );
  }
  const result = header.safeParse(content);
  if (result.success) return result.data;
  throw new ToolError(`${file} is not an export. Name a file that "npm run export" made.`);
}

/** Undefined when the line is damaged. */
export function parseFooter(line: Buffer): ExportFooter | undefined {
  return footer.safeParse(parseJson(line)).data;
}

function parseJson(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString()) as unknown;
  } catch {
    return undefined;
  }
}

/** Every BSON type stays what it is. */
const EXACT = { promoteValues: false, promoteLongs: false, bsonRegExp: true } as const;
const DOLLAR = 0x24;

/** The line of one document, given as BSON bytes. */
export function documentLine(collection: string, bytes: Uint8Array): string {
  const name = JSON.stringify(collection);
  const json = EJSON.stringify(BSON.deserialize(bytes, EXACT), { relaxed: false });
  return isExact(json, bytes)
    ? `{"collection":${name},"document":${json}}\n`
    : `{"collection":${name},"bson":"${Buffer.from(bytes).toString('base64')}"}\n`;
}

/** Extended JSON takes a field such as the "$ref" of SCIM for a type of its own. Only a dollar sign can mislead it. */
function isExact(json: string, bytes: Uint8Array): boolean {
  if (!bytes.includes(DOLLAR)) return true;
  try {
    return Buffer.from(bytes).equals(
      BSON.serialize(EJSON.parse(json, { relaxed: false }) as object),
    );
  } catch {
    return false;
  }
}

/** A line as {@link documentLine} made it. */
export function parseDocument(line: Buffer): { collection: string; document: object } {
  const { collection, document, bson } = EJSON.parse(line.toString(), { relaxed: false }) as {
    collection: string;
    document?: object;
    bson?: string;
  };
  return {
    collection,
    document: document ?? BSON.deserialize(Buffer.from(bson ?? '', 'base64'), EXACT),
  };
}

/** The key that sealed the secrets of a document of the collection `targets`. */
export function sealingKeyOf(bytes: Uint8Array): string | undefined {
  const { secrets } = BSON.deserialize(bytes) as { secrets?: { key?: unknown } };
  return typeof secrets?.key === 'string' ? secrets.key : undefined;
}
