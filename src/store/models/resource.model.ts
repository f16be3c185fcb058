/** The `resources` collection. */
import { type Connection, type Model, Schema } from 'mongoose';
import { collectionOptions } from './collection-options';
import { type NotedChange } from '../../domain/audit';
import { type OtpChoice } from '../../domain/otp';
import { type MembershipDelta } from '../../domain/resource';
import { type UserRole } from '../../domain/rule-values';

/** A change of members that is durable here and still has to be carried over to `memberships`. */
export interface JournalEntry extends MembershipDelta {
  readonly token: string;
}

export interface ResourceDocument {
  _id: string;
  ruleId: string;
  resourceType: string;
  /** As the client gave them; extension URNs escaped, see `attribute-keys.ts`. */
  attributes: Record<string, unknown>;
  /** What filters look at: folded strings, dates as dates. Gone once the resource is deleted. */
  norm?: Record<string, unknown>;
  /** `User.userName:<folded>`: what no other resource of the rule may have. Gone once the resource is deleted. */
  unique?: string[];
  generation: number;
  createdAt: Date;
  lastModified: Date;
  /** False once deleted. A field that is always there, so that lists and counts are answered by an index alone. */
  live: boolean;
  deletedAt?: Date;
  /** Since when the resource waits to be fanned out; absent when it does not. */
  pending?: Date;
  journal?: JournalEntry[];
  /** Changes on their way to the audit trail; gone when `pending` is. */
  noted?: NotedChange[];
  /** The role a user was given when it was made; absent: `USER`. */
  importRole?: UserRole;
  /** What was decided for a user. */
  otp?: OtpChoice;
}

const schema = new Schema<ResourceDocument>(
  {
    _id: String,
    ruleId: { type: String, required: true },
    resourceType: { type: String, required: true },
    attributes: { type: Schema.Types.Mixed, required: true },
    norm: Schema.Types.Mixed,
    unique: { type: [String], default: undefined },
    generation: { type: Number, required: true },
    createdAt: { type: Date, required: true },
    lastModified: { type: Date, required: true },
    live: { type: Boolean, required: true },
    deletedAt: Date,
    pending: Date,
    journal: { type: [Schema.Types.Mixed], default: undefined },
    noted: { type: [Schema.Types.Mixed], default: undefined },
    importRole: String,
    otp: Schema.Types.Mixed,
  },
  collectionOptions('resources'),
);

schema.index(
  { ruleId: 1, unique: 1 },
  { unique: true, partialFilterExpression: { unique: { $exists: true } } },
);
schema.index({ ruleId: 1, resourceType: 1, live: 1, _id: 1 });
schema.index(
  { ruleId: 1, 'norm.externalId': 1 },
  { partialFilterExpression: { 'norm.externalId': { $exists: true } } },
);
schema.index(
  { ruleId: 1, 'norm.emails.value': 1 },
  { partialFilterExpression: { 'norm.emails.value': { $exists: true } } },
);
schema.index(
  { ruleId: 1, 'otp.waitingFor': 1 },
  { partialFilterExpression: { 'otp.waitingFor': { $exists: true } } },
);
schema.index(
  { ruleId: 1, 'otp.missing': 1, _id: 1 },
  { partialFilterExpression: { 'otp.missing': { $exists: true } } },
);
schema.index({ pending: 1, _id: 1 }, { partialFilterExpression: { pending: { $exists: true } } });
schema.index(
  { deletedAt: 1, _id: 1 },
  { partialFilterExpression: { deletedAt: { $exists: true } } },
);

export type ResourceModel = Model<ResourceDocument>;

export function resourceModel(connection: Connection): ResourceModel {
  return connection.model<ResourceDocument>('Resource', schema);
}
