/** The definitions for all rules that were accepted last: the port `AcceptedDefinitions`. */
import { type Model } from 'mongoose';
import { type AcceptedDefinitions } from '../domain/ports';
import { type ScimDefinitions } from '../domain/sync-rule';
import { isDuplicateKey } from './duplicate-key';
import { type AcceptedDefinitionsDocument } from './models/administration.model';

/** There is one document. */
const ID = 'files';

export class MongoAcceptedDefinitions implements AcceptedDefinitions {
  constructor(private readonly model: Model<AcceptedDefinitionsDocument>) {}

  async find(): ReturnType<AcceptedDefinitions['find']> {
    const document = await this.model.findById(ID).lean<AcceptedDefinitionsDocument>();
    if (!document) return undefined;
    const { version, schemas, resourceTypes, schemaExtensions } = document;
    return { version, definitions: { schemas, resourceTypes, schemaExtensions } };
  }

  async replace(version: number, definitions: ScimDefinitions): Promise<boolean> {
    if (version === 0) return this.insert(definitions);
    const { matchedCount } = await this.model.updateOne(
      { _id: ID, version },
      { $set: { ...definitions, version: version + 1 } },
    );
    return matchedCount === 1;
  }

  private async insert(definitions: ScimDefinitions): Promise<boolean> {
    try {
      await this.model.insertMany([{ _id: ID, version: 1, ...definitions }], { lean: true });
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }
}
