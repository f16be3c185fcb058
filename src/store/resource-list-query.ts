/** What administrators look for, as a query that an index serves. */
import { fold } from '../domain/filter/fold';
import { type ResourceListFilter } from '../domain/ports';
import { type Query } from './filter-comparison';
import { beginningWith } from './text-pattern';

export function listQuery(query: ResourceListFilter): Query {
  const conditions: Query[] = [{ resourceType: query.resourceType, live: true }];
  if (query.ruleId !== undefined) conditions.push({ ruleId: query.ruleId });
  if (query.active !== undefined) {
    // A user that says nothing of `active` is active.
    conditions.push({ 'norm.active': query.active ? { $ne: false } : false });
  }
  if (query.otpMissing !== undefined) {
    conditions.push({ 'otp.missing': query.otpMissing ? true : { $ne: true } });
  }
  const search = query.search?.trim();
  if (search) {
    const beginning = beginningWith(fold(search));
    conditions.push({
      $or: [
        { 'norm.userName': beginning },
        { 'norm.displayName': beginning },
        { 'norm.emails.value': beginning },
      ],
    });
  }
  return { $and: conditions };
}
