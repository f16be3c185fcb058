/** A model's collection as mongoose itself uses it: for what every request needs, casting and hydrating costs too much. */
import { type Collection, type Model } from 'mongoose';

/** What is written through it must be complete and of the right types: nothing is cast, defaulted or refused. */
export function documents<Document extends object>(model: Model<Document>): Collection<Document> {
  return model.collection as unknown as Collection<Document>;
}
