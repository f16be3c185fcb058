/** The `token_logos` collection. */
import { type Connection, type Model, Schema } from 'mongoose';
import { type LogoType } from '../../domain/token-logo';
import { collectionOptions } from './collection-options';

export interface TokenLogoDocument {
  _id: string;
  name: string;
  /** Folded: names are unique regardless of case. */
  nameKey: string;
  type: LogoType;
  bytes: number;
  /** Base64: half as much again is nothing for so few, and every tool that exports data can read it. */
  image: string;
  createdAt: Date;
}

const schema = new Schema<TokenLogoDocument>(
  {
    _id: String,
    name: { type: String, required: true },
    nameKey: { type: String, required: true },
    type: { type: String, required: true },
    bytes: { type: Number, required: true },
    image: { type: String, required: true },
    createdAt: { type: Date, required: true },
  },
  collectionOptions('token_logos'),
);
schema.index({ nameKey: 1 }, { unique: true });

export type TokenLogoModel = Model<TokenLogoDocument>;

export function tokenLogoModel(connection: Connection): TokenLogoModel {
  return connection.model<TokenLogoDocument>('TokenLogo', schema);
}
