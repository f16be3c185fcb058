import { type ApplyMode, type MappingEntry } from '../sync-rule';

/** A line of a mapping; without `apply` it is `AUTHORITATIVE`, as in the connectors' default mappings. */
export type MappingLine = Omit<MappingEntry, 'apply'> & { readonly apply?: ApplyMode };
