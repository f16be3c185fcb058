import assert from 'node:assert/strict';
import { type BsonDocument, type BsonValue } from '../../src/embedded-mongo/bson/types';
import { type FuzzCollection, type FuzzStatistics, show } from './fuzz-rounds';
import { fullScan, ReferenceSort } from './fuzz-reference';
import { doc } from './fuzz-values';

/** Fewer documents than this are filled up again. */
const ENOUGH = 45;
const LAST_ID = 90;
/** A path through a scalar, parallel arrays, an array whose position is no number. */
const REFUSALS = new Set([11000, 171, 28]);

/** Random writes to a collection, each checked by what it says it did. */
export class FuzzWrites {
  constructor(
    private readonly collection: FuzzCollection,
    private readonly statistics: FuzzStatistics,
  ) {}

  async write(): Promise<void> {
    const { random } = this.collection.generator;
    this.statistics.writes += 1;
    if (this.collection.mirror.size < ENOUGH) return this.replace();
    const kinds = [
      () => this.deleteOne(),
      () => this.replace(),
      () => this.replace(),
      () => this.updateOne(),
      () => this.updateOne(),
      () => this.deleteMany(),
      () => this.updateMany(),
      () => this.takeFirst(),
    ];
    return random.pick(kinds)();
  }

  private id(): number {
    return this.collection.generator.random.below(LAST_ID);
  }

  private async deleteOne(): Promise<void> {
    const id = this.id();
    const deletes = [doc({ q: doc({ _id: id }), limit: 1 })];
    const { fields } = await this.collection.command('delete', { deletes });
    assert.equal(Number(fields.get('n')), this.collection.mirror.delete(id) ? 1 : 0, 'deleteOne');
  }

  private async replace(): Promise<void> {
    const id = this.id();
    const document = this.collection.generator.document(id, 0.3);
    const updates = [doc({ q: doc({ _id: id }), u: document, upsert: true })];
    const { errorCode } = await this.collection.command('update', { updates });
    const reasons = this.collection.refusals(document);
    if (errorCode === undefined) {
      assert.equal(reasons.size, 0, `${show(document)} was not refused`);
      this.collection.mirror.set(id, document);
      return;
    }
    assert.ok(reasons.has(errorCode), `${show(document)} was refused with ${errorCode}`);
    if (errorCode === 11000) this.statistics.refusedAsDuplicates += 1;
  }

  private change(): BsonDocument {
    const { generator } = this.collection;
    const path = generator.field();
    return generator.random.chance(0.7)
      ? doc({ $set: doc({ [path]: generator.scalar() }) })
      : doc({ $unset: doc({ [path]: 1 }) });
  }

  private async updateOne(): Promise<void> {
    const id = this.id();
    const updates = [doc({ q: doc({ _id: id }), u: this.change() })];
    const { fields, errorCode } = await this.collection.command('update', { updates });
    const known = this.collection.mirror.has(id);
    if (errorCode === undefined) assert.equal(Number(fields.get('n')), known ? 1 : 0, 'updateOne');
    else assert.ok(known && REFUSALS.has(errorCode), `updateOne was refused with ${errorCode}`);
    await this.reread([id]);
  }

  /** A filter that is about a few documents only, so that the collection does not drain. */
  private selection(): { filter: BsonDocument; selected: BsonDocument[] } {
    for (;;) {
      const filter = this.collection.generator.filter();
      const selected = fullScan(this.collection.mirror.values(), filter);
      if (selected.length <= 10) return { filter, selected };
    }
  }

  private async deleteMany(): Promise<void> {
    const { filter, selected } = this.selection();
    const deletes = [doc({ q: filter, limit: 0 })];
    const { fields } = await this.collection.command('delete', { deletes });
    assert.equal(Number(fields.get('n')), selected.length, `deleteMany ${show(filter)}`);
    for (const document of selected) this.collection.mirror.delete(document.get('_id') as number);
    this.statistics.manyWrites += 1;
    assert.equal((await this.collection.stored(filter)).length, 0, `deleteMany ${show(filter)}`);
  }

  private async updateMany(): Promise<void> {
    const { filter, selected } = this.selection();
    const updates = [doc({ q: filter, u: this.change(), multi: true })];
    const { fields, errorCode } = await this.collection.command('update', { updates });
    if (errorCode === undefined) {
      assert.equal(Number(fields.get('n')), selected.length, `updateMany ${show(filter)}`);
    } else {
      assert.ok(REFUSALS.has(errorCode), `updateMany was refused with ${errorCode}`);
    }
    this.statistics.manyWrites += 1;
    await this.reread(selected.map((document) => document.get('_id') as number));
  }

  /** Removes the first document in some order, as a queue does. */
  private async takeFirst(): Promise<void> {
    const { filter, selected } = this.selection();
    const sort = doc({ c: 1, _id: 1 });
    const order = new ReferenceSort(sort);
    const [first] = order.apply(selected);
    const { fields } = await this.collection.command('findAndModify', {
      query: filter,
      sort,
      remove: true,
    });
    const value = fields.get('value') as ReadonlyMap<string, BsonValue> | null | undefined;
    assert.equal(value?.get('_id'), first?.get('_id'), `findAndModify ${show(filter)}`);
    if (first !== undefined) this.collection.mirror.delete(first.get('_id') as number);
  }

  private async reread(ids: number[]): Promise<void> {
    const found = await this.collection.stored(doc({ _id: doc({ $in: ids }) }));
    for (const document of found) {
      this.collection.mirror.set(document.get('_id') as number, document);
    }
  }
}
