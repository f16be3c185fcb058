import { type BsonDocument } from '../bson/types';
import { type Filter } from '../query/filter';

/** One field of an index or of a sort. */
export interface KeyField {
  readonly path: string;
  readonly parts: readonly string[];
  readonly descending: boolean;
}

/** An index as the catalog holds it. Definitions are never changed in place. */
export interface IndexDefinition {
  readonly id: number;
  readonly name: string;
  readonly fields: readonly KeyField[];
  readonly unique: boolean;
  readonly sparse: boolean;
  readonly expireAfterSeconds?: number;
  readonly partial?: { readonly source: BsonDocument; readonly filter: Filter };
  /** Per field: some document had an array on the way. Never goes back to false. */
  readonly multikey: readonly boolean[];
  /** Some key was cut at the size limit, so the order of entries is only approximate. */
  readonly hasCutKeys: boolean;
}

/** Makes a key field from a dotted path. */
export function keyField(path: string, descending: boolean): KeyField {
  return { path, parts: path.split('.'), descending };
}
