/** What all collections have in common. */
import { type SchemaOptions } from 'mongoose';

/** Unknown fields are a defect, indexes are made once at start, and nothing is added to or left out of a document. */
export function collectionOptions<Name extends string>(collection: Name) {
  return {
    collection,
    versionKey: false,
    minimize: false,
    strict: 'throw',
    id: false,
    autoIndex: false,
    autoCreate: false,
  } as const satisfies SchemaOptions;
}
