/** The collections `operations` and `operation_items`. */
import { type Connection, type Model, Schema } from 'mongoose';
import {
  type OperationKind,
  type OperationRequester,
  type OperationState,
} from '../../domain/operation';
import { collectionOptions } from './collection-options';

export interface OperationDocument {
  _id: string;
  kind: OperationKind;
  state: OperationState;
  input: object;
  ruleId?: string;
  targetId?: string;
  requestedBy: OperationRequester;
  done: number;
  total?: number;
  counts: Record<string, number>;
  message?: string;
  resumes?: string;
  itemsOf: string;
  createdAt: Date;
  startedAt?: Date;
  finishedAt?: Date;
  cancelledAt?: Date;
  /** Counts what is seen from outside. */
  version: number;
  position?: unknown;
  attempts: number;
  /** Of those under way no other one may have the same. */
  exclusive: string;
  /** There is something to do, from then on. Absent once it has ended. */
  dueAt?: Date;
  /** Nobody else may work on it until then; in the past when nobody does. */
  leaseUntil: Date;
  owner?: string;
  /** Counts leases. */
  fence: number;
}

export interface OperationItemDocument {
  /** `<itemsOf>:<key>`. */
  _id: string;
  itemsOf: string;
  outcome: string;
  ruleId?: string;
  targetId?: string;
  resourceId?: string;
  claim?: string;
  detail: Readonly<Record<string, unknown>>;
}

const operation = new Schema<OperationDocument>(
  {
    _id: String,
    kind: { type: String, required: true },
    state: { type: String, required: true },
    input: { type: Schema.Types.Mixed, required: true },
    ruleId: String,
    targetId: String,
    requestedBy: { type: Schema.Types.Mixed, required: true },
    done: { type: Number, required: true },
    total: Number,
    counts: { type: Schema.Types.Mixed, required: true },
    message: String,
    resumes: String,
    itemsOf: { type: String, required: true },
    createdAt: { type: Date, required: true },
    startedAt: Date,
    finishedAt: Date,
    cancelledAt: Date,
    version: { type: Number, required: true },
    position: Schema.Types.Mixed,
    attempts: { type: Number, required: true },
    exclusive: { type: String, required: true },
    dueAt: Date,
    leaseUntil: { type: Date, required: true },
    owner: String,
    fence: { type: Number, required: true },
  },
  collectionOptions('operations'),
);

operation.index({ dueAt: 1 }, { partialFilterExpression: { dueAt: { $exists: true } } });
operation.index(
  { exclusive: 1 },
  { unique: true, partialFilterExpression: { dueAt: { $exists: true } } },
);
operation.index({ finishedAt: 1 }, { partialFilterExpression: { finishedAt: { $exists: true } } });
operation.index({ itemsOf: 1 });
operation.index({ kind: 1, _id: -1 });
operation.index({ state: 1, _id: -1 });
operation.index({ ruleId: 1, _id: -1 });
operation.index({ targetId: 1, _id: -1 });

const item = new Schema<OperationItemDocument>(
  {
    _id: String,
    itemsOf: { type: String, required: true },
    outcome: { type: String, required: true },
    ruleId: String,
    targetId: String,
    resourceId: String,
    claim: String,
    detail: { type: Schema.Types.Mixed, required: true },
  },
  collectionOptions('operation_items'),
);

item.index({ itemsOf: 1, _id: 1 });
item.index({ itemsOf: 1, outcome: 1, _id: 1 });
item.index({ itemsOf: 1, claim: 1 }, { partialFilterExpression: { claim: { $exists: true } } });

export interface OperationModels {
  readonly operations: Model<OperationDocument>;
  readonly items: Model<OperationItemDocument>;
}

export function operationModels(connection: Connection): OperationModels {
  return {
    operations: connection.model<OperationDocument>('Operation', operation),
    items: connection.model<OperationItemDocument>('OperationItem', item),
  };
}
