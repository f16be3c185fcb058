/** The content of a users file in memory. A state is never changed: a transaction works on a fork of its own. */
import { randomUUID } from 'node:crypto';
import type { EntryKind } from '../../spi';
import type { Profile } from '../profile';
import type { StoredRows } from '../store';

/** One user or group. */
export interface FileEntry extends Profile {
  readonly id: string;
  readonly kind: EntryKind;
  readonly name: string;
  readonly owner: string | null;
  readonly rows: StoredRows;
  /** Of a user: the groups it is in, by id. */
  readonly groups: readonly string[];
}

/** Which state of which file: what a server has read is compared with it. */
export interface Revision {
  /** Made with the file; another file of the same name has another. */
  readonly lineage: string;
  readonly number: number;
}

function key(kind: EntryKind, name: string): string {
  return `${kind} ${name}`;
}

export class State {
  private sorted: Readonly<Record<EntryKind, readonly FileEntry[]>> | undefined;
  /** Entries that were changed in this fork. */
  readonly changed = new Set<string>();
  private isChanged = false;

  private constructor(
    readonly revision: Revision,
    private readonly entries: Map<string, FileEntry>,
    private readonly names: Map<string, string>,
  ) {}

  /** Of a file that does not exist yet. */
  static empty(): State {
    return State.of({ lineage: randomUUID(), number: 0 }, []);
  }

  static of(revision: Revision, entries: readonly FileEntry[]): State {
    const state = new State(revision, new Map(), new Map());
    for (const entry of entries) {
      state.entries.set(entry.id, entry);
      state.names.set(key(entry.kind, entry.name), entry.id);
    }
    return state;
  }

  /** A copy to be changed. */
  fork(): State {
    return new State(this.revision, new Map(this.entries), new Map(this.names));
  }

  /** The same content as the next revision. */
  next(): State {
    const revision = { ...this.revision, number: this.revision.number + 1 };
    return new State(revision, this.entries, this.names);
  }

  /** Whether this fork differs from what it was made of. */
  get dirty(): boolean {
    return this.isChanged;
  }

  get(kind: EntryKind, id: string): FileEntry | undefined {
    const entry = this.entries.get(id);
    return entry?.kind === kind ? entry : undefined;
  }

  named(kind: EntryKind, name: string): FileEntry | undefined {
    const id = this.names.get(key(kind, name));
    return id === undefined ? undefined : this.entries.get(id);
  }

  /** By reference. */
  all(kind: EntryKind): readonly FileEntry[] {
    if (!this.sorted) {
      const sorted = [...this.entries.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
      this.sorted = {
        user: sorted.filter((entry) => entry.kind === 'user'),
        group: sorted.filter((entry) => entry.kind === 'group'),
      };
    }
    return this.sorted[kind];
  }

  /** Those of the user's groups that are still there. */
  groupsOf(user: FileEntry): FileEntry[] {
    return user.groups.flatMap((id) => this.get('group', id) ?? []);
  }

  put(entry: FileEntry): void {
    const before = this.entries.get(entry.id);
    if (before) this.names.delete(key(before.kind, before.name));
    this.entries.set(entry.id, entry);
    this.names.set(key(entry.kind, entry.name), entry.id);
    this.touch(entry.id);
  }

  delete(entry: FileEntry): void {
    this.entries.delete(entry.id);
    this.names.delete(key(entry.kind, entry.name));
    this.touch(entry.id);
  }

  private touch(id: string): void {
    this.sorted = undefined;
    this.isChanged = true;
    this.changed.add(id);
  }
}
