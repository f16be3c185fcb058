/** What the suite must be told about a connector, and about the directory it is tried on. */
import { type Attributes, type ConnectorType, type EntryKind } from '../../../connectors/spi';

/**
 * A running directory and a look at it that does not go through the connector. What is optional switches on more tests:
 * leave out what your directory has not.
 */
export interface Directory {
  readonly settings: unknown;
  readonly secrets: unknown;
  /** Secrets of the right shape that the directory refuses; absent where there are none. */
  readonly wrongSecrets?: unknown;
  /** What must never be shown. Absent: every string in `secrets` and `wrongSecrets`. */
  readonly secretValues?: readonly string[];
  /** The attributes of the entry with that name as the directory has them, or undefined. */
  entry(kind: EntryKind, name: string): Promise<Attributes | undefined>;
  /** How many entries of that kind there are. */
  count(kind: EntryKind): Promise<number>;
  /** The names of a group's members, without any filler the directory itself demands. With groups: needed. */
  members?(group: string): Promise<readonly string[]>;
  /** Whether the directory would let the account in, as far as its own switch says. */
  active?(name: string): Promise<boolean>;
  /** Whether the account's password is this one. */
  authenticates?(name: string, password: string): Promise<boolean>;
  /** Open connections, for directories that have such. */
  connections?(): Promise<number>;
  /** Ends the directory abruptly; the data stays. Absent for directories that cannot go down. */
  kill?(): Promise<void>;
  restart?(): Promise<void>;
  /** Makes the directory accept connections and answer nothing. */
  pause?(): Promise<void> | void;
  resume?(): Promise<void> | void;
  stop(): Promise<void>;
}

/** What the suite must know about one connector. */
export interface ContractFixture<Settings = unknown, Secrets = unknown> {
  readonly type: ConnectorType<Settings, Secrets>;
  start(): Promise<Directory>;
  /** Attributes of a complete entry with that name, the naming attribute among them, as a full `read` gives them back. */
  user(name: string): Attributes;
  /** With groups: needed. */
  group?(name: string): Attributes;
  /** A user attribute that `user()` fills, and that may be replaced. Absent: the first that is not the naming attribute. */
  readonly replaceable?: {
    readonly attribute: string;
    /** It may be removed too. */
    readonly optional: boolean;
  };
  /** A user attribute that takes several values. */
  readonly multiValued?: string;
  /** A user attribute of which nothing may be shown in `plan`: a password, a key. */
  readonly secretAttribute?: string;
  /** Names beyond the usual nasty ones; `refused` are those the connector must call `invalid`. */
  readonly names?: { readonly accepted?: readonly string[]; readonly refused?: readonly string[] };
  /** Settings that `parse` must refuse, with the path of the issue. They are laid over the directory's own. */
  readonly wrongSettings?: readonly { readonly settings: object; readonly path: string }[];
  /** More than one page of `list`. */
  readonly listSize?: number;
  /** More members than the connector sends, or the directory answers, in one go. */
  readonly groupSize?: number;
  /** The most connections the connector may hold. */
  readonly maxConnections?: number;
  /** False where the directory has no room for the ownership mark. */
  readonly storesOwner?: boolean;
}
