/** The `memberships` collection: one small document for each member of each group. */
import { type Connection, type Model, Schema } from 'mongoose';
import { collectionOptions } from './collection-options';

export interface MembershipDocument {
  /** `<groupId>:<memberId>`. */
  _id: string;
  ruleId: string;
  groupId: string;
  memberId: string;
  memberType: string;
  /** False: the member left, and some directory may not have heard of it yet. */
  present: boolean;
  /** The group's generation at which this last changed: a directory that has seen more needs nothing. */
  generation: number;
  changedAt: Date;
}

const schema = new Schema<MembershipDocument>(
  {
    _id: String,
    ruleId: { type: String, required: true },
    groupId: { type: String, required: true },
    memberId: { type: String, required: true },
    memberType: { type: String, required: true },
    present: { type: Boolean, required: true },
    generation: { type: Number, required: true },
    changedAt: { type: Date, required: true },
  },
  collectionOptions('memberships'),
);

schema.index({ groupId: 1, generation: 1, _id: 1 });
schema.index({ groupId: 1, present: 1, memberId: 1 });
schema.index({ memberId: 1, present: 1 });
schema.index({ ruleId: 1 });
// Who left, until every directory has heard of it.
schema.index({ changedAt: 1, _id: 1 }, { partialFilterExpression: { present: false } });

export type MembershipModel = Model<MembershipDocument>;

export function membershipModel(connection: Connection): MembershipModel {
  return connection.model<MembershipDocument>('Membership', schema);
}

export function membershipId(groupId: string, memberId: string): string {
  return `${groupId}:${memberId}`;
}
