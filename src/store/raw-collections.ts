/** Collections as they are stored, document by document, for tools that move everything. */
import { type Connection } from 'mongoose';
import { connect, type ConnectionOptions } from './connection';

export class RawCollections {
  private constructor(private readonly connection: Connection) {}

  /** Rejects within ten seconds when the database cannot be reached. */
  static async open(options: ConnectionOptions): Promise<RawCollections> {
    return new RawCollections(await connect(options));
  }

  /** In alphabetical order, without those that MongoDB keeps for itself. */
  async names(): Promise<string[]> {
    const collections = await this.database.listCollections({}, { nameOnly: true }).toArray();
    return collections
      .map(({ name }) => name)
      .filter((name) => !name.startsWith('system.'))
      .sort();
  }

  /** Takes no longer for a large collection; may be off while others write. */
  estimatedCount(name: string): Promise<number> {
    return this.database.collection(name).estimatedDocumentCount();
  }

  /** Counts the documents one by one. */
  count(name: string): Promise<number> {
    return this.database.collection(name).countDocuments({});
  }

  async isEmpty(name: string): Promise<boolean> {
    const first = await this.database.collection(name).findOne({}, { projection: { _id: 1 } });
    return first === null;
  }

  /** Every document as BSON bytes, which keep every type; a batch at a time is in memory. */
  read(name: string): AsyncIterable<Uint8Array> {
    const cursor = this.database.collection(name).find({}, { raw: true, batchSize: 500 });
    return cursor as unknown as AsyncIterable<Uint8Array>;
  }

  /** Resolves once all are on disk. */
  async insert(name: string, documents: readonly object[]): Promise<void> {
    // The driver would add a missing _id to the objects; here all have one.
    await this.database.collection(name).insertMany([...documents]);
  }

  async drop(name: string): Promise<void> {
    await this.database.collection(name).drop();
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  private get database(): NonNullable<Connection['db']> {
    if (this.connection.db === undefined) throw new Error('The connection is closed.');
    return this.connection.db;
  }
}
