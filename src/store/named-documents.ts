/** What rules and targets have in common: a name unique regardless of case, and lists by ascending id. */
import { type Model } from 'mongoose';
import { DomainError } from '../domain/error';
import { fold } from '../domain/filter/fold';
import { type Page } from '../domain/ports';
import { isDuplicateKey } from './duplicate-key';
import { type Query } from './filter-comparison';
import { beginningWith } from './text-pattern';

export function nameKey(name: string): string {
  return fold(name.trim());
}

/** A condition on the beginning of the name. */
export function nameSearch(search: string | undefined): Query {
  const beginning = search?.trim();
  if (!beginning) return {};
  return { nameKey: beginningWith(nameKey(beginning)) };
}

/** Runs a write; a name that is taken becomes `uniqueness`. */
export async function refuseTakenName<Result>(
  name: string,
  write: () => Promise<Result>,
): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    throw new DomainError('uniqueness', `The name "${name}" is taken. Choose another one.`, {
      cause: error,
      field: 'name',
    });
  }
}

/** A page of a collection by ascending id, after the given one. */
export async function pageById<Document extends { _id: string }>(
  model: Model<Document>,
  filter: Query,
  { after, limit }: { readonly after?: string; readonly limit: number },
): Promise<Page<Document>> {
  const documents = await model
    .find(after === undefined ? filter : { ...filter, _id: { $gt: after } })
    .sort({ _id: 1 })
    .limit(limit + 1)
    .lean<Document[]>();
  return { items: documents.slice(0, limit), hasMore: documents.length > limit };
}
