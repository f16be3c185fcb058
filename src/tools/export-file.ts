/** Writes and reads the lines of an export, a piece at a time, and keeps the checksum. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import {
  type ExportFooter,
  type ExportHeader,
  isFooter,
  parseFooter,
  parseHeader,
} from './export-format';
import { ToolError } from './run-tool';

const PIECE = 256 * 1024;
/** Far more than the largest document, 16 MB of BSON, takes as text. */
const LONGEST_LINE = 400 * 1024 * 1024;
const LINE_FEED = 0x0a;

export class ExportWriter {
  private readonly hash = createHash('sha256');
  private piece: string[] = [];
  private length = 0;

  private constructor(private readonly handle: FileHandle) {}

  /** Creates the file, mode 0600. */
  static async create(file: string, header: ExportHeader): Promise<ExportWriter> {
    const writer = new ExportWriter(await open(file, 'wx', 0o600));
    await writer.write(`${JSON.stringify(header)}\n`);
    return writer;
  }

  async write(line: string): Promise<void> {
    this.piece.push(line);
    this.length += line.length;
    if (this.length >= PIECE) await this.flush();
  }

  /** Adds the last line and waits until everything is on disk. */
  async finish(footer: Omit<ExportFooter, 'usherExportEnd' | 'sha256'>): Promise<void> {
    await this.flush();
    const sha256 = this.hash.digest('hex');
    await this.handle.writeFile(`${JSON.stringify({ usherExportEnd: true, sha256, ...footer })}\n`);
    await this.handle.sync();
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  private async flush(): Promise<void> {
    const bytes = Buffer.from(this.piece.join(''));
    this.piece = [];
    this.length = 0;
    this.hash.update(bytes);
    await this.handle.writeFile(bytes);
  }
}

/** What an export holds besides documents. */
export interface ExportReader {
  header(header: ExportHeader): void;
  document(line: Buffer): void | Promise<void>;
}

/** Hands every line to the reader; throws {@link ToolError} at the end unless the file is whole and unchanged. */
export async function readExport(file: string, reader: ExportReader): Promise<ExportFooter> {
  const hash = createHash('sha256');
  let lines = 0;
  let footer: ExportFooter | undefined;
  for await (const line of linesOf(file)) {
    if (footer !== undefined) throw damaged(file, 'something follows its last line');
    lines += 1;
    if (lines === 1) reader.header(parseHeader(line, file));
    if (lines > 1 && isFooter(line)) {
      footer = parseFooter(line);
      if (footer?.sha256 !== hash.digest('hex')) throw damaged(file, 'its checksum is wrong');
      continue;
    }
    if (lines > 1) await reader.document(line);
    hash.update(line).update('\n');
  }
  if (footer === undefined) throw damaged(file, 'its end is missing');
  return footer;
}

function damaged(file: string, how: string): ToolError {
  return new ToolError(`${file} is damaged: ${how}. Copy it again, or make another export.`);
}

async function* linesOf(file: string): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  let length = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: PIECE })) {
    const bytes = chunk as Buffer;
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      yield Buffer.concat([...begun, bytes.subarray(start, end)]);
      begun = [];
      length = 0;
      start = end + 1;
    }
    begun.push(bytes.subarray(start));
    length += bytes.length - start;
    if (length > LONGEST_LINE) throw damaged(file, 'a line is too long');
  }
  // What follows the last line feed is a line that was cut off.
}
