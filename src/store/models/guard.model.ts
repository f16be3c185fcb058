/** The `guards` collection: one document for each rule that has destroyed something, or tried to. */
import { type Connection, type Model, Schema } from 'mongoose';
import { type GuardDecision, type GuardSubject, type GuardTrip } from '../../domain/guard';
import { collectionOptions } from './collection-options';

/** How many passed, by the beginning of a part of the window, in milliseconds. */
export type PassedParts = Readonly<Record<string, number>>;

export interface GuardDocument {
  /** The id of the rule. */
  _id: string;
  /** Counts trips: while there is one, this is its number. */
  trips: number;
  /** Counts approvals: what was counted before the last one is forgotten. */
  epoch: number;
  trip?: Omit<GuardTrip, 'number'>;
  decision?: GuardDecision;
  /** By target. */
  passed?: Readonly<Record<string, Readonly<Partial<Record<GuardSubject, PassedParts>>>>>;
  /** Reasons for which something is held that somebody was told of. */
  notices?: Readonly<Record<string, Date>>;
}

const schema = new Schema<GuardDocument>(
  {
    _id: String,
    trips: { type: Number, required: true },
    epoch: { type: Number, required: true },
    trip: Schema.Types.Mixed,
    decision: Schema.Types.Mixed,
    passed: Schema.Types.Mixed,
    notices: Schema.Types.Mixed,
  },
  collectionOptions('guards'),
);

export type GuardModel = Model<GuardDocument>;

export function guardModel(connection: Connection): GuardModel {
  return connection.model<GuardDocument>('Guard', schema);
}
