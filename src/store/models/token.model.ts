/** The `tokens` collection: one document for each token of a pool. */
import { type Connection, type Model, Schema } from 'mongoose';
import { type TokenKind } from '../../domain/otp';
import { collectionOptions } from './collection-options';

export interface TokenDocument {
  _id: string;
  ruleId: string;
  serial: string;
  kind: TokenKind;
  /** Neither taken nor retired. A field that is always there, so that an index finds what is free. */
  free: boolean;
  userId?: string;
  /** Since when it is taken, until whoever took it has written that down with the user. */
  unconfirmedSince?: Date;
  retired?: true;
  /** Which call added it. */
  batch: string;
  createdAt: Date;
}

const schema = new Schema<TokenDocument>(
  {
    _id: String,
    ruleId: { type: String, required: true },
    serial: { type: String, required: true },
    kind: { type: String, required: true },
    free: { type: Boolean, required: true },
    userId: String,
    unconfirmedSince: Date,
    retired: Boolean,
    batch: { type: String, required: true },
    createdAt: { type: Date, required: true },
  },
  collectionOptions('tokens'),
);
schema.index({ serial: 1 }, { unique: true });
schema.index({ ruleId: 1, kind: 1, free: 1, _id: 1 });
schema.index(
  { userId: 1, kind: 1 },
  { unique: true, partialFilterExpression: { userId: { $exists: true } } },
);
schema.index(
  { unconfirmedSince: 1 },
  { partialFilterExpression: { unconfirmedSince: { $exists: true } } },
);
schema.index({ retired: 1 }, { partialFilterExpression: { retired: { $exists: true } } });

export type TokenModel = Model<TokenDocument>;

export function tokenModel(connection: Connection): TokenModel {
  return connection.model<TokenDocument>('Token', schema);
}
