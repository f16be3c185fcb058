/** What the connector asks of the place profiles are kept in: SQL tables or a users file. */
import {
  type CallContext,
  ConnectorError,
  type DirectoryRequest,
  type DirectoryResponse,
  type EntryKind,
  type EntryRef,
  type NativeChange,
  type TestStep,
} from '../spi';
import { NAMING, type Place, type Slot } from './names';
import type { Profile, Row, RowRule } from './profile';

/** An entry, or what it would be for one that nobody has adopted yet. */
export interface Known {
  readonly id: string;
  readonly name: string;
  readonly owner: string | null;
}

/** A row with the key the store knows it by. */
export interface StoredRow extends Row {
  readonly id: number;
}

/** All rows of one entry. */
export type StoredRows = Readonly<Record<Place, readonly StoredRow[]>>;

/** A profile as it stands. */
export interface StoredProfile extends Profile {
  readonly rows: StoredRows;
  /** Rows that are the store's own means: they are never shown and never mapped. */
  readonly means: StoredRows;
}

/** An entry with its content. */
export interface Subject {
  readonly kind: EntryKind;
  readonly entry: Known;
  readonly profile: StoredProfile;
}

/** The entries as one transaction sees them. Names and values are clear here, however they are stored. */
export interface Profiles {
  /** The entry behind a reference, locked when it is to be written; a stray one becomes ours with `adopt`. */
  locate(
    kind: EntryKind,
    ref: EntryRef,
    intent: 'read' | 'remove' | 'adopt',
  ): Promise<Known | undefined>;
  /** The entry with that name, ours or not. */
  named(kind: EntryKind, name: string): Promise<Known | undefined>;
  /** Users among the references. */
  users(refs: readonly EntryRef[], intent: 'remove' | 'adopt'): Promise<readonly Known[]>;
  /** Our entries after the given reference. */
  page(kind: EntryKind, after: string, limit: number): Promise<readonly Known[]>;
  /** Names of entries that have the value in the slot. */
  holders(kind: EntryKind, name: string, slot: Slot, value: string): Promise<readonly string[]>;
  /** The content of each, in the same order. */
  load(kind: EntryKind, known: readonly Known[]): Promise<readonly StoredProfile[]>;
  /** Fails with `conflict` when the name is used, by us or by hand. */
  create(kind: EntryKind, name: string, owner: string, profile: Profile): Promise<Known>;
  /** Gives the entry, its rows and its memberships another name; fails with `conflict` when it is used. */
  rename(kind: EntryKind, entry: Known, name: string): Promise<void>;
  /** Takes rows of one place away and puts others there. */
  replace(
    subject: Subject,
    place: Place,
    rows: { readonly remove: readonly StoredRow[]; readonly add: readonly Row[] },
  ): Promise<void>;
  setActive(subject: Subject, active: boolean): Promise<void>;
  /** Removes the entry with its rows and memberships. */
  remove(kind: EntryKind, entry: Known): Promise<void>;
  addMembers(group: Known, users: readonly Known[]): Promise<void>;
  removeMembers(group: Known, users: readonly Known[]): Promise<void>;
}

/** How a store's changes look in previews. Values are masked already where they are secret. */
export interface Notation {
  create(kind: EntryKind, name: string, active: boolean): readonly NativeChange[];
  rename(kind: EntryKind, from: string, to: string): NativeChange;
  insert(kind: EntryKind, place: Place, name: string, row: Row): NativeChange;
  remove(kind: EntryKind, place: Place, name: string, attribute: string): NativeChange;
  setActive(name: string, active: boolean): readonly NativeChange[];
}

/** A place profiles are kept in. Everything in one `write` happens, or nothing. */
export interface ProfileStore {
  readonly notation: Notation;
  /** What this store cannot hold. */
  readonly rule: RowRule;
  /** Names, as the server asks for them, that this store cannot hold. */
  checkName?(kind: EntryKind, stored: string): void;
  read<Result>(call: CallContext, work: (profiles: Profiles) => Promise<Result>): Promise<Result>;
  write<Result>(call: CallContext, work: (profiles: Profiles) => Promise<Result>): Promise<Result>;
  test(call: CallContext): Promise<readonly TestStep[]>;
  /** Absent where a write is effective at once. */
  flush?(call: CallContext): Promise<void>;
  /** Absent where the directory asks nothing. */
  answer?(request: DirectoryRequest, call: CallContext): Promise<DirectoryResponse>;
  close(): Promise<void>;
}

/** The failure for a name that is already used. */
export function taken(kind: EntryKind): ConnectorError {
  const attribute = NAMING[kind];
  return new ConnectorError(
    'conflict',
    `${attribute} is taken by another entry, or by one made by hand`,
    { attribute },
  );
}
