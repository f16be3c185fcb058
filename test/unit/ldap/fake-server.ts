/** An LDAP server of a few lines that says whatever a test wants, for what real servers do too seldom. */
import net from 'node:net';
import { BerReader, BerWriter, PagedResultsControl } from 'ldapts';

/** One search request as it came in. */
export interface SearchSeen {
  readonly base: string;
  /** How many searches with this base came before. */
  readonly count: number;
}

/** One page: the names of its entries, and whether the server says that more follow. */
export interface Page {
  readonly names: readonly string[];
  readonly more: boolean;
}

export interface FakeServer {
  readonly url: string;
  close(): void;
}

const BIND = 0x60;
const SEARCH = 0x63;
const UNBIND = 0x42;

function message(id: number, write: (writer: BerWriter) => void): Buffer {
  const writer = new BerWriter();
  writer.startSequence();
  writer.writeInt(id);
  write(writer);
  writer.endSequence();
  return writer.buffer;
}

function result(writer: BerWriter, tag: number): void {
  writer.startSequence(tag);
  writer.writeEnumeration(0);
  writer.writeString('');
  writer.writeString('');
  writer.endSequence();
}

function entry(writer: BerWriter, name: string): void {
  writer.startSequence(0x64);
  writer.writeString(`uid=${name},ou=people`);
  writer.startSequence();
  for (const [type, value] of [
    ['uid', name],
    ['entryUUID', `uuid-${name}`],
  ] as const) {
    writer.startSequence();
    writer.writeString(type);
    writer.startSequence(0x31);
    writer.writeString(value);
    writer.endSequence();
    writer.endSequence();
  }
  writer.endSequence();
  writer.endSequence();
}

function answerSearch(id: number, page: Page | undefined): Buffer[] {
  const entries = (page?.names ?? []).map((name) => message(id, (writer) => entry(writer, name)));
  const done = message(id, (writer) => {
    result(writer, 0x65);
    if (!page) return;
    writer.startSequence(0xa0);
    const cookie = Buffer.from(page.more ? 'more' : '');
    new PagedResultsControl({ value: { size: 0, cookie } }).write(writer);
    writer.endSequence();
  });
  return [...entries, done];
}

/** Starts it; `pages` answers searches below a base, and the rootDSE is empty. */
export async function startFakeServer(
  pages: (search: SearchSeen) => Page | undefined,
): Promise<FakeServer> {
  const seen = new Map<string, number>();
  const answer = (reader: BerReader): Buffer[] => {
    reader.readSequence();
    const id = reader.readInt() ?? 0;
    const operation = reader.readSequence();
    if (operation === BIND) return [message(id, (writer) => result(writer, 0x61))];
    if (operation !== SEARCH) return [];
    const base = reader.readString() ?? '';
    const count = seen.get(base) ?? 0;
    seen.set(base, count + 1);
    return answerSearch(id, base === '' ? undefined : pages({ base, count }));
  };
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    // The tests send one request at a time, so that one chunk is one message.
    socket.on('data', (chunk: Buffer) => {
      if (chunk.includes(UNBIND) && chunk.length < 8) return;
      for (const part of answer(new BerReader(chunk))) socket.write(part);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  return { url: `ldap://127.0.0.1:${port}`, close: () => void server.close() };
}
