/** The collections of the audit trail. */
import { type Connection, type Model, Schema } from 'mongoose';
import { type AuditEvent, type AuditFact } from '../../domain/audit';
import { collectionOptions } from './collection-options';

/** An event. Nothing ever changes it. */
export interface AuditEventDocument extends Omit<AuditEvent, 'id'> {
  /** `<chain>:<seq>` with leading zeros: nobody can put a second event into the same place. */
  _id: string;
  /** The fact's own id: none is recorded twice. */
  event: string;
}

/** Where the events ended that were purged from a chain. */
export interface AuditAnchorDocument {
  /** The chain. */
  _id: string;
  seq: number;
  hash: string;
  /** Id of the event that tells of it. */
  event: string;
  /** When the last of them happened. */
  upTo: Date;
}

/** A command that has begun. */
export interface AuditIntentDocument extends Omit<AuditFact, 'id'> {
  _id: string;
}

const fact = {
  at: { type: Date, required: true },
  chain: { type: String, required: true },
  category: { type: String, required: true },
  action: { type: String, required: true },
  outcome: { type: String, required: true },
  actor: { type: Schema.Types.Mixed, required: true },
  requestId: String,
  resource: Schema.Types.Mixed,
  target: Schema.Types.Mixed,
  generation: Number,
  fromGeneration: Number,
  changes: { type: [Schema.Types.Mixed], default: undefined },
  members: Schema.Types.Mixed,
  native: Schema.Types.Mixed,
  cutShort: Boolean,
  error: Schema.Types.Mixed,
  input: String,
} as const;

const events = new Schema<AuditEventDocument>(
  {
    _id: String,
    event: { type: String, required: true },
    seq: { type: Number, required: true },
    previousHash: String,
    hash: { type: String, required: true },
    recorded: { type: String, required: true },
    ...fact,
  },
  collectionOptions('audit_events'),
);

events.index({ event: 1 }, { unique: true });
events.index({ recorded: 1 });
// What happened last comes first, whatever is asked for.
events.index({ chain: 1, event: 1 });
events.index({ category: 1, event: 1 });
events.index({ action: 1, event: 1 });
for (const part of ['resource.id', 'target.id', 'actor.id', 'requestId']) {
  events.index({ [part]: 1, event: 1 }, { partialFilterExpression: { [part]: { $exists: true } } });
}

const anchors = new Schema<AuditAnchorDocument>(
  {
    _id: String,
    seq: { type: Number, required: true },
    hash: { type: String, required: true },
    event: { type: String, required: true },
    upTo: { type: Date, required: true },
  },
  collectionOptions('audit_anchors'),
);

const intents = new Schema<AuditIntentDocument>(
  { _id: String, ...fact },
  collectionOptions('audit_intents'),
);

intents.index({ at: 1 });

export interface AuditModels {
  readonly events: Model<AuditEventDocument>;
  readonly anchors: Model<AuditAnchorDocument>;
  readonly intents: Model<AuditIntentDocument>;
}

export function auditModels(connection: Connection): AuditModels {
  return {
    events: connection.model<AuditEventDocument>('AuditEvent', events),
    anchors: connection.model<AuditAnchorDocument>('AuditAnchor', anchors),
    intents: connection.model<AuditIntentDocument>('AuditIntent', intents),
  };
}
