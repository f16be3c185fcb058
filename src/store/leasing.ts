/** Which bindings can be leased, and what leasing them means. */
import { type ClaimRequest } from '../domain/delivery-ports';
import { type BindingUpdate } from './claimed-writes';

export function claimable({ targetId, ruleId, dueBefore, now }: ClaimRequest) {
  return { targetId, ruleId, dueAt: { $lte: dueBefore }, leaseUntil: { $lte: now } };
}

export function leasing({ leaseUntil }: ClaimRequest, owner: string): BindingUpdate {
  return { $set: { state: 'DELIVERING', leaseUntil, owner }, $inc: { fence: 1 } };
}
