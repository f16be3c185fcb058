/** The `bindings` collection: one document for each resource in each target, at the same time the work queue. */
import { type Connection, type Model, Schema } from 'mongoose';
import { collectionOptions } from './collection-options';
import { type NotedDelivery } from '../../domain/audit';
import {
  type BindingState,
  type Candidate,
  type DeliveryError,
  type HeldFor,
} from '../../domain/binding';
import { type Held, type Passed } from '../../domain/guard';

/** A member that a group's entry has to hear of again; without one, everybody. */
export interface ResendDocument {
  memberId?: string;
  formerName?: string;
  mark: string;
}

export interface BindingDocument {
  /** `<targetId>:<resourceId>`. */
  _id: string;
  ruleId: string;
  targetId: string;
  resourceId: string;
  resourceType: string;
  state: BindingState;
  generation: number;
  observedGeneration: number;
  reference?: string;
  name?: string;
  attempts: number;
  nextAttemptAt?: Date;
  lastError?: DeliveryError;
  lastSyncedAt?: Date;
  /** There is something to do, from then on. Absent: nothing. */
  dueAt?: Date;
  /** Nobody else may work on it until then; in the past when nobody does. */
  leaseUntil: Date;
  /** The process that works on it, or did when it died. */
  owner?: string;
  /** Counts leases. */
  fence: number;
  /** Counts requests to deliver. */
  revision: number;
  /** For groups: membership changes up to this generation of the group are delivered. */
  membersObserved: number;
  resend: ResendDocument[];
  announcedReference?: string;
  announcedName?: string;
  /** Names that the entry has had since it was announced; absent: none. */
  untoldNames?: string[];
  /** Names that its groups were told to forget, the latest last; absent: none. */
  formerNames?: string[];
  lastReference?: string;
  /** The name of an entry that may have been created without an answer. */
  creating?: string;
  /** The reference of an entry that is about to be taken over. */
  inherits?: string;
  /** Resources whose entries this one's names; absent: none. */
  references?: string[];
  /** Whatever the state is: the entries among which to choose, or the one in the way, when it was parked last. */
  candidates?: readonly Candidate[];
  blockedBy?: Candidate;
  /** What an administrator chose. */
  chosen?: Candidate;
  /** Whatever the state is: what it was held for last. */
  heldFor?: HeldFor;
  condemnedAt?: Date;
  /** Another resource may take the entry over. */
  vacant?: true;
  /** Out of scope, and in no group's entry. */
  outside?: true;
  /** The last operation that saw its entry in the directory. */
  seenBy?: string;
  /** When what administrators see of it last changed, by the clock of the database; leases do not count. */
  changedAt?: Date;
  /** The last lease that its holder ended. */
  endedFence?: number;
  /** What came of deliveries, on its way to the audit trail, and since when; both gone when it is there. */
  noted?: NotedDelivery[];
  notedAt?: Date;
  /** Why it is held, or was until its grant is used up. */
  held?: Held;
  granted?: boolean;
  /** What the guard let pass last. */
  passed?: Passed;
  /** The entry is there and grants nothing. */
  inactive?: boolean;
}

const resend = new Schema<ResendDocument>(
  {
    memberId: String,
    formerName: String,
    mark: { type: String, required: true },
  },
  { _id: false, id: false, strict: 'throw' },
);

const schema = new Schema<BindingDocument>(
  {
    _id: String,
    ruleId: { type: String, required: true },
    targetId: { type: String, required: true },
    resourceId: { type: String, required: true },
    resourceType: { type: String, required: true },
    state: { type: String, required: true },
    generation: { type: Number, required: true },
    observedGeneration: { type: Number, required: true },
    reference: String,
    name: String,
    attempts: { type: Number, required: true },
    nextAttemptAt: Date,
    lastError: Schema.Types.Mixed,
    lastSyncedAt: Date,
    dueAt: Date,
    leaseUntil: { type: Date, required: true },
    owner: String,
    fence: { type: Number, required: true },
    revision: { type: Number, required: true },
    membersObserved: { type: Number, required: true },
    resend: { type: [resend], required: true },
    announcedReference: String,
    announcedName: String,
    untoldNames: { type: [String], default: undefined },
    formerNames: { type: [String], default: undefined },
    lastReference: String,
    creating: String,
    inherits: String,
    references: { type: [String], default: undefined },
    candidates: { type: [Schema.Types.Mixed], default: undefined },
    blockedBy: Schema.Types.Mixed,
    chosen: Schema.Types.Mixed,
    heldFor: String,
    condemnedAt: Date,
    vacant: Boolean,
    outside: Boolean,
    seenBy: String,
    changedAt: Date,
    endedFence: Number,
    noted: { type: [Schema.Types.Mixed], default: undefined },
    notedAt: Date,
    held: Schema.Types.Mixed,
    granted: Boolean,
    passed: Schema.Types.Mixed,
    inactive: Boolean,
  },
  collectionOptions('bindings'),
);

// What is due, rule by rule: no rule of a target waits for another one's backlog.
schema.index(
  { targetId: 1, ruleId: 1, dueAt: 1 },
  { partialFilterExpression: { dueAt: { $exists: true } } },
);
// One entry belongs to one resource. Users and groups may be numbered independently of each other.
schema.index(
  { targetId: 1, resourceType: 1, reference: 1 },
  { unique: true, partialFilterExpression: { reference: { $exists: true } } },
);
// What is held, by its reason: those whose deletion is delayed may be many, and are not gone through for others.
schema.index(
  { ruleId: 1, heldFor: 1, state: 1 },
  { partialFilterExpression: { heldFor: { $exists: true } } },
);
// What changed, for those who watch.
schema.index(
  { changedAt: 1, _id: 1 },
  { partialFilterExpression: { changedAt: { $exists: true } } },
);
schema.index(
  { state: 1, _id: 1 },
  { partialFilterExpression: { candidates: { $exists: true } }, name: 'disputed' },
);
schema.index(
  { state: 1, _id: 1 },
  { partialFilterExpression: { blockedBy: { $exists: true } }, name: 'blocked' },
);
// Whose entry names whose: asked when an entry comes, goes or is renamed.
schema.index(
  { references: 1, targetId: 1 },
  { partialFilterExpression: { references: { $exists: true } } },
);
schema.index({ resourceId: 1 });
schema.index({ ruleId: 1, state: 1, _id: 1 });
schema.index({ targetId: 1, state: 1, _id: 1 });
schema.index({ notedAt: 1, _id: 1 }, { partialFilterExpression: { notedAt: { $exists: true } } });
schema.index({ targetId: 1, name: 1 }, { partialFilterExpression: { name: { $exists: true } } });

export type BindingModel = Model<BindingDocument>;

export function bindingModel(connection: Connection): BindingModel {
  return connection.model<BindingDocument>('Binding', schema);
}
