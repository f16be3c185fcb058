/** How large a resource may become: a document of the database has at most 16 MiB. */
import { mongo } from 'mongoose';
import { DomainError } from '../domain/error';
import { type AttributeFields } from './resource-mapping';

/** What it is made of leaves room for the largest change of a group's members, which stands in the same document. */
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * Throws `tooLarge`. To be asked before a document is written together with others: the driver refuses all of them when one
 * of them is too large.
 */
export function checkSize(fields: AttributeFields): void {
  if (mongo.BSON.calculateObjectSize(fields) <= MAX_BYTES) return;
  throw new DomainError(
    'tooLarge',
    `The attributes would take more than ${String(MAX_BYTES)} bytes together with what filters and sorting need of them. Keep less in this resource.`,
  );
}
