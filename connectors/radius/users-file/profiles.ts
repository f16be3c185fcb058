/** The entries of one transaction on a users file. Nobody else's entries are in it, so there is none to adopt. */
import { randomUUID } from 'node:crypto';
import type { EntryKind, EntryRef } from '../../spi';
import { rowValue } from '../expiration';
import type { Place, Slot } from '../names';
import type { Profile, Row } from '../profile';
import {
  type Known,
  type Profiles,
  type StoredProfile,
  type StoredRow,
  type Subject,
  taken,
} from '../store';
import type { FileEntry, State } from './state';

const NO_MEANS = { check: [], reply: [] } as const;

let lastRow = 0;

/** Rows with keys of their own, good for as long as the process lives. */
export function keyed(rows: readonly Row[]): StoredRow[] {
  return rows.map(({ attribute, op, value }) => ({ id: (lastRow += 1), attribute, op, value }));
}

function known({ id, name, owner }: FileEntry): Known {
  return { id, name, owner };
}

export class FileProfiles implements Profiles {
  constructor(private readonly state: State) {}

  async locate(kind: EntryKind, ref: EntryRef): Promise<Known | undefined> {
    const entry = this.state.get(kind, ref.reference);
    return entry && known(entry);
  }

  async named(kind: EntryKind, name: string): Promise<Known | undefined> {
    const entry = this.state.named(kind, name);
    return entry && known(entry);
  }

  async users(refs: readonly EntryRef[]): Promise<readonly Known[]> {
    const found = refs.flatMap((ref) => this.state.get('user', ref.reference) ?? []);
    return found.map(known);
  }

  async page(kind: EntryKind, after: string, limit: number): Promise<readonly Known[]> {
    const all = this.state.all(kind);
    const start = all.findIndex((entry) => entry.id > after);
    return start < 0 ? [] : all.slice(start, start + limit).map(known);
  }

  async holders(
    kind: EntryKind,
    _name: string,
    slot: Slot,
    value: string,
  ): Promise<readonly string[]> {
    const attribute = slot.attribute.toLowerCase();
    const wanted = rowValue(slot.attribute, value);
    const has = (entry: FileEntry): boolean =>
      entry.rows[slot.place].some(
        (row) => row.attribute.toLowerCase() === attribute && row.value === wanted,
      );
    return this.state
      .all(kind)
      .filter(has)
      .map((entry) => entry.name);
  }

  async load(kind: EntryKind, entries: readonly Known[]): Promise<readonly StoredProfile[]> {
    return entries.map(({ id }) => {
      const { rows, active } = this.entry(kind, id);
      return { rows, active, means: NO_MEANS };
    });
  }

  async create(kind: EntryKind, name: string, owner: string, profile: Profile): Promise<Known> {
    if (this.state.named(kind, name)) throw taken(kind);
    const rows = { check: keyed(profile.rows.check), reply: keyed(profile.rows.reply) };
    const { active } = profile;
    const entry: FileEntry = { id: randomUUID(), kind, name, owner, active, rows, groups: [] };
    this.state.put(entry);
    return known(entry);
  }

  async rename(kind: EntryKind, { id }: Known, name: string): Promise<void> {
    if (this.state.named(kind, name)) throw taken(kind);
    this.state.put({ ...this.entry(kind, id), name });
  }

  async replace(
    { kind, entry: { id } }: Subject,
    place: Place,
    { remove, add }: { readonly remove: readonly StoredRow[]; readonly add: readonly Row[] },
  ): Promise<void> {
    const entry = this.entry(kind, id);
    const gone = new Set(remove.map((row) => row.id));
    const kept = entry.rows[place].filter((row) => !gone.has(row.id));
    this.state.put({ ...entry, rows: { ...entry.rows, [place]: [...kept, ...keyed(add)] } });
  }

  async setActive({ kind, entry: { id } }: Subject, active: boolean): Promise<void> {
    const entry = this.entry(kind, id);
    if (entry.active !== active) this.state.put({ ...entry, active });
  }

  async remove(kind: EntryKind, { id }: Known): Promise<void> {
    const entry = this.entry(kind, id);
    this.state.delete(entry);
    if (kind === 'user') return;
    for (const user of this.state.all('user')) {
      if (user.groups.includes(id)) {
        this.state.put({ ...user, groups: user.groups.filter((group) => group !== id) });
      }
    }
  }

  async addMembers(group: Known, users: readonly Known[]): Promise<void> {
    for (const { id } of users) {
      const user = this.entry('user', id);
      if (user.groups.includes(group.id)) continue;
      this.state.put({ ...user, groups: [...user.groups, group.id] });
    }
  }

  async removeMembers(group: Known, users: readonly Known[]): Promise<void> {
    for (const { id } of users) {
      const user = this.entry('user', id);
      if (!user.groups.includes(group.id)) continue;
      this.state.put({ ...user, groups: user.groups.filter((one) => one !== group.id) });
    }
  }

  /** It was located in this very transaction. */
  private entry(kind: EntryKind, id: string): FileEntry {
    return this.state.get(kind, id) as FileEntry;
  }
}
