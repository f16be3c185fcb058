/**
 * The users file as text, there and back.
 *
 * Every entry is preceded by comment lines with all that Usher knows of it, so that one rename of one file commits
 * both. Names and values stand where FreeRADIUS reads them letter by letter: names in double quotes, values in single
 * ones, in which nothing is expanded. All of it was measured on FreeRADIUS 3.2.
 */
import { createHash } from 'node:crypto';
import { ConnectorError, type EntryKind } from '../../spi';
import { NAMING } from '../names';
import type { Row } from '../profile';
import type { Realm } from '../realm';
import { resolve } from '../resolve';
import { refuse } from '../text';
import { keyed } from './profiles';
import { type FileEntry, type Revision, State } from './state';

/** The user whose reject tells which revision the server has read. */
export const PROBE_USER = 'usher-probe';

const HEADER = `# Usher writes this file and refuses one that was edited. Put entries of your own into another file.
#! usher-users-file 1
`;
const STATE = '#: ';
const MORE = '#+ ';
/** FreeRADIUS refuses the whole file for a line of 2048 bytes. */
const MAX_LINE = 2_000;
/** In characters, of which none takes more than three bytes. */
const PIECE = 600;

/** Says which revision it is; the same words come out of the server. */
export function revisionText({ lineage, number }: Revision): string {
  return `usher ${lineage} ${number}`;
}

/** The revision behind such words. */
export function parseRevision(text: string): Revision | undefined {
  const match = /^usher ([0-9a-f-]{36}) (\d+)$/.exec(text);
  return match ? { lineage: match[1] as string, number: Number(match[2]) } : undefined;
}

function escaped(text: string): string {
  return text.replace(/[\\']/g, '\\$&');
}

function item({ attribute, op, value }: Row): string {
  return `${attribute} ${op} '${escaped(value)}'`;
}

function serialise({ id, kind, name, owner, active, rows, groups }: FileEntry): string {
  const plain = (list: readonly Row[]): string[][] =>
    list.map(({ attribute, op, value }) => [attribute, op, value]);
  const state = {
    ...{ id, kind, name, owner, active },
    check: plain(rows.check),
    reply: plain(rows.reply),
    groups,
  };
  const pieces = JSON.stringify(state).match(new RegExp(`[^]{1,${PIECE}}`, 'gu')) ?? [];
  return pieces.map((piece, index) => `${index === 0 ? STATE : MORE}${piece}\n`).join('');
}

function deserialise(line: string): FileEntry {
  const { check, reply, ...entry } = JSON.parse(line) as Omit<FileEntry, 'rows'> & {
    check: [string, string, string][];
    reply: [string, string, string][];
  };
  const rows = (list: [string, string, string][]) =>
    keyed(list.map(([attribute, op, value]) => ({ attribute, op, value })));
  return { ...entry, rows: { check: rows(check), reply: rows(reply) } };
}

/** The entry FreeRADIUS reads. Whoever is disabled is rejected, whatever else a request would have to meet. */
function userEntry(state: State, user: FileEntry, realm: Realm): string {
  const name = `"${realm.stored('user', user.name).replaceAll('\\', '\\\\')}"`;
  if (!user.active) return `${name}\tAuth-Type := Reject\n`;
  const { check, reply } = resolve(user, state.groupsOf(user));
  const first = [name, check.map(item).join(', ')].filter((part) => part !== '').join('\t');
  if (Buffer.byteLength(first) > MAX_LINE) {
    throw new ConnectorError(
      'invalid',
      `the check items of a user and its groups take more than the ${MAX_LINE} bytes a line of a users file can have; map fewer or shorter ones`,
      { attribute: NAMING.user },
    );
  }
  return `${first}\n${reply.map((row) => `\t${item(row)}`).join(',\n')}${reply.length > 0 ? '\n' : ''}`;
}

/** What an entry's text was made of. */
interface Rendered {
  readonly groups: readonly { readonly name: string; readonly rows: object }[];
  readonly text: string;
}

/** Writes the file; remembers the text of entries that have not changed. */
export class UsersFileWriter {
  private readonly rendered = new WeakMap<FileEntry, Rendered>();

  constructor(private readonly realm: Realm) {}

  /** Fails with `invalid` when FreeRADIUS could not read one of the entries that were changed. */
  check(state: State): void {
    for (const id of state.changed) {
      const user = state.get('user', id);
      if (user) this.entry(state, user);
      if (!state.get('group', id)) continue;
      for (const member of state.all('user')) {
        if (member.groups.includes(id)) this.entry(state, member);
      }
    }
  }

  write(state: State): string {
    const parts = [
      ...state.all('group').map((group) => this.entry(state, group)),
      ...state.all('user').map((user) => this.entry(state, user)),
    ];
    const body = parts.join('');
    const probe = `"${PROBE_USER}"\tAuth-Type := Reject\n\tReply-Message = '${revisionText(state.revision)}'\n\n`;
    const text = `${HEADER}${probe}${body}`;
    return `${text}${seal(text)}`;
  }

  private entry(state: State, entry: FileEntry): string {
    const groups = entry.kind === 'user' ? state.groupsOf(entry) : [];
    const before = this.rendered.get(entry);
    if (before && isSame(before.groups, groups)) return before.text;
    const readable = entry.kind === 'user' ? `${userEntry(state, entry, this.realm)}\n` : '';
    const text = `${serialise(entry)}${readable}`;
    this.rendered.set(entry, { groups, text });
    return text;
  }
}

function isSame(before: Rendered['groups'], now: readonly FileEntry[]): boolean {
  return (
    before.length === now.length &&
    before.every((group, index) => {
      const other = now[index] as FileEntry;
      return group.rows === other.rows && group.name === other.name;
    })
  );
}

function seal(text: string): string {
  return `#! end ${createHash('sha256').update(text).digest('hex')}\n`;
}

/** The state behind the text; fails with `invalid` for anything Usher has not written letter by letter. */
export function readUsersFile(text: string): State {
  // Nothing is lost with a file that has nothing in it: a server wants one to start.
  if (text === '') return State.empty();
  const end = text.lastIndexOf('#! end ');
  const body = text.slice(0, Math.max(end, 0));
  const revision = parseRevision(/Reply-Message = '([^']*)'/.exec(body)?.[1] ?? '');
  if (!body.startsWith(HEADER) || text.slice(end) !== seal(body) || !revision) throw foreign();
  const lines: string[] = [];
  for (const line of body.split('\n')) {
    if (line.startsWith(STATE)) lines.push(line.slice(STATE.length));
    else if (line.startsWith(MORE)) lines[lines.length - 1] += line.slice(MORE.length);
  }
  return State.of(revision, lines.map(deserialise));
}

function foreign(): ConnectorError {
  return new ConnectorError(
    'invalid',
    'the users file was not written by Usher, or was edited since, and is left as it is. Put entries of your own into another file, and give this one back as it was, or name a new one in `usersFile`.',
  );
}

/** Names a users file cannot hold. */
export function checkStoredName(kind: EntryKind, stored: string): void {
  if (kind === 'group') return;
  if (stored === PROBE_USER) refuse(NAMING.user, `must not be ${PROBE_USER}, which Usher uses`);
  if (stored.includes('"')) {
    refuse(NAMING.user, 'must not have a double quote: FreeRADIUS would never find it in the file');
  }
}
