import assert from 'node:assert/strict';
import { EJSON } from 'bson';
import { equalValues } from '../../src/embedded-mongo/bson/compare';
import { type BsonDocument, type BsonValue } from '../../src/embedded-mongo/bson/types';
import { Random } from '../unit/embedded-mongo/running-server';
import { type Answer, type Executor } from './fuzz-executors';
import { fullScan, ParallelArrays, ReferenceIndex, ReferenceSort } from './fuzz-reference';
import { doc, Generator } from './fuzz-values';
import { FuzzWrites } from './fuzz-writes';

/** What the rounds did, so that a test can tell that they proved something. */
export interface FuzzStatistics {
  queries: number;
  /** Queries that were explained, and those that are answered from an index. */
  explained: number;
  indexed: number;
  /** Explained queries with a sort, and those whose order came from an index. */
  sorted: number;
  sortedByIndex: number;
  /** Queries that had something to find. */
  nonEmpty: number;
  writes: number;
  /** Writes by a filter that were planned. */
  manyWrites: number;
  refusedAsDuplicates: number;
}

/** Statistics to add to. */
export function noStatistics(): FuzzStatistics {
  return {
    queries: 0,
    explained: 0,
    indexed: 0,
    sorted: 0,
    sortedByIndex: 0,
    nonEmpty: 0,
    writes: 0,
    manyWrites: 0,
    refusedAsDuplicates: 0,
  };
}

const DOCUMENTS = 60;
const INDEXES = 6;

/** Text of a value that tells all types apart. */
export function show(value: BsonValue): string {
  const plain = (item: BsonValue): unknown => {
    if (item instanceof Map) {
      return Object.fromEntries([...item].map(([name, field]) => [name, plain(field)]));
    }
    if (Array.isArray(item)) return item.map(plain);
    return typeof item === 'string' && item.length > 60 ? `${item.length} characters` : item;
  };
  return EJSON.stringify({ value: plain(value) }, { relaxed: false });
}

/** One collection with random documents and indexes, and a mirror of it in memory. */
export class FuzzCollection {
  readonly mirror = new Map<number, BsonDocument>();
  readonly indexes = new Map<string, ReferenceIndex>();

  constructor(
    readonly name: string,
    readonly executor: Executor,
    readonly generator: Generator,
  ) {}

  command(verb: string, fields: Record<string, BsonValue> = {}): Promise<Answer> {
    return this.executor.run(doc({ [verb]: this.name, ...fields }));
  }

  /** Reads documents without any index. */
  async stored(filter: BsonDocument): Promise<readonly BsonDocument[]> {
    const { documents } = await this.command('find', { filter, hint: doc({ $natural: 1 }) });
    return documents;
  }

  /** What a write of the document is refused with; any of them, when there are several reasons. */
  refusals(document: BsonDocument): Set<number> {
    const reasons = new Set<number>();
    const others = [...this.mirror.values()].filter((o) => o.get('_id') !== document.get('_id'));
    for (const index of this.indexes.values()) {
      if (index.hasParallelArrays(document)) reasons.add(171);
      else if (index.unique && others.some((other) => index.collide(other, document))) {
        reasons.add(11000);
      }
    }
    return reasons;
  }

  private refusalsOfIndex(index: ReferenceIndex): Set<number> {
    const reasons = new Set<number>();
    const all = [...this.mirror.values()];
    if (all.some((document) => index.hasParallelArrays(document))) reasons.add(171);
    const fine = all.filter((document) => !index.hasParallelArrays(document));
    const collision = fine.some((a, at) => fine.slice(at + 1).some((b) => index.collide(a, b)));
    if (index.unique && collision) reasons.add(11000);
    return reasons;
  }

  async createIndex(name: string): Promise<void> {
    const { spec } = this.generator.index(name);
    const index = new ReferenceIndex(spec);
    const { errorCode } = await this.command('createIndexes', { indexes: [spec] });
    // Another index on the same fields.
    if (errorCode === 85 || errorCode === 86) return;
    const reasons = this.refusalsOfIndex(index);
    if (errorCode === undefined) {
      assert.equal(reasons.size, 0, `index ${show(spec)} was not refused`);
      this.indexes.set(name, index);
    } else {
      assert.ok(reasons.has(errorCode), `index ${show(spec)} was refused with ${errorCode}`);
    }
  }

  async fill(): Promise<void> {
    for (let id = 0; id < DOCUMENTS; id += 1) this.mirror.set(id, this.generator.document(id));
    const inserted = await this.command('insert', { documents: [...this.mirror.values()] });
    assert.equal(inserted.errorCode, undefined);
    for (let at = 0; at < INDEXES; at += 1) await this.createIndex(`i${at}`);
  }

  async replaceAnIndex(): Promise<void> {
    const [name] = this.indexes.keys();
    if (name === undefined) return;
    assert.equal((await this.command('dropIndexes', { index: name })).errorCode, undefined);
    this.indexes.delete(name);
    await this.createIndex(name);
  }

  /** The mirror, the documents and the entries of the indexes must say the same. */
  async assertConsistent(): Promise<void> {
    const stored = await this.stored(new Map());
    assert.equal(stored.length, this.mirror.size, 'number of documents');
    for (const document of stored) {
      const mirrored = this.mirror.get(document.get('_id') as number);
      assert.ok(mirrored && equalValues(mirrored, document), `not as written: ${show(document)}`);
    }
    this.executor.assertIndexes();
  }
}

interface Query {
  readonly filter: BsonDocument;
  readonly sort: BsonDocument;
  readonly skip: number;
  /** Infinity for none. */
  readonly limit: number;
}

/** Checks an answer against the full scan; where the order leaves a choice, any choice is right. */
function assertAnswer(
  answered: readonly BsonDocument[],
  expected: readonly BsonDocument[],
  { sort, skip, limit }: Query,
  mirror: ReadonlyMap<number, BsonDocument>,
): void {
  const order = new ReferenceSort(sort);
  const wanted = order.apply(expected).slice(skip, skip + limit);
  const ids = answered.map((document) => document.get('_id') as number);
  const due = wanted.map((document) => document.get('_id') as number);
  const text = `answered ${ids.join()}\nexpected ${due.join()}`;
  assert.equal(ids.length, due.length, text);
  assert.equal(new Set(ids).size, ids.length, text);
  const matching = new Set(expected);
  for (const [at, id] of ids.entries()) {
    const document = mirror.get(id);
    assert.ok(document && matching.has(document), text);
    assert.ok(equalValues(document, answered[at] as BsonDocument), `content of ${id}`);
    assert.equal(order.compare(document, wanted[at] as BsonDocument), 0, text);
  }
}

/** Asks random queries of one collection. */
class FuzzQueries {
  constructor(
    private readonly collection: FuzzCollection,
    private readonly statistics: FuzzStatistics,
  ) {}

  async ask(): Promise<void> {
    const { generator } = this.collection;
    const { random } = generator;
    const filter = generator.filter();
    const query: Query = {
      filter,
      sort: generator.sort(),
      skip: random.chance(0.25) ? random.below(20) : 0,
      limit: random.chance(0.25) ? 1 + random.below(20) : Infinity,
    };
    const expected = fullScan(this.collection.mirror.values(), filter);
    try {
      await this.find(query, expected);
      if (random.chance(0.25)) await this.count(filter, expected.length);
    } catch (error) {
      const [shownFilter, sort] = [show(filter), show(query.sort)];
      console.error(`filter ${shownFilter}\nsort ${sort} skip ${query.skip} limit ${query.limit}`);
      throw error;
    }
    this.statistics.queries += 1;
    if (expected.length > 0) this.statistics.nonEmpty += 1;
  }

  private async find(query: Query, expected: readonly BsonDocument[]): Promise<void> {
    const { collection } = this;
    const { random } = collection.generator;
    const { filter, sort, skip, limit } = query;
    const shape = {
      filter,
      ...(sort.size > 0 && { sort }),
      ...(skip > 0 && { skip }),
      ...(limit !== Infinity && { limit }),
    };
    if (random.chance(0.3)) {
      await this.explain(doc({ find: collection.name, ...shape }), sort.size > 0);
    }
    const batchSize = random.chance(0.1) ? 1 + random.below(40) : 500;
    const { documents, errorCode } = await collection.command('find', { ...shape, batchSize });
    if (errorCode === undefined) {
      assertAnswer(documents, expected, query, collection.mirror);
      return;
    }
    assert.equal(errorCode, 2);
    assert.throws(() => new ReferenceSort(sort).apply(expected), ParallelArrays);
  }

  private async explain(find: BsonDocument, sorted: boolean): Promise<void> {
    const { fields } = await this.collection.executor.run(doc({ explain: find }));
    const planner = fields.get('queryPlanner') as ReadonlyMap<string, unknown>;
    let stage = planner.get('winningPlan') as ReadonlyMap<string, unknown>;
    const { statistics } = this;
    statistics.explained += 1;
    const inMemory = stage.get('stage') === 'SORT';
    if (inMemory) stage = stage.get('inputStage') as ReadonlyMap<string, unknown>;
    const indexed = stage.get('stage') === 'FETCH';
    if (indexed) statistics.indexed += 1;
    if (!sorted) return;
    statistics.sorted += 1;
    if (indexed && !inMemory) statistics.sortedByIndex += 1;
  }

  private async count(filter: BsonDocument, expected: number): Promise<void> {
    const { fields } = await this.collection.command('count', { query: filter });
    assert.equal(Number(fields.get('n')), expected, 'count');
  }
}

/** One round: a collection, its queries and the writes between them. All of it follows from the seed. */
export async function fuzzRound(
  executor: Executor,
  seed: number,
  queries: number,
  statistics: FuzzStatistics,
): Promise<void> {
  const ingredients = { arrays: seed % 2 === 1, longTexts: seed % 5 === 0 };
  const generator = new Generator(new Random(seed), ingredients);
  const collection = new FuzzCollection(`fuzz${seed}`, executor, generator);
  const asked = new FuzzQueries(collection, statistics);
  const writes = new FuzzWrites(collection, statistics);
  try {
    await collection.fill();
    for (let query = 0; query < queries; query += 1) {
      await asked.ask();
      if (query % 4 === 0) await writes.write();
      if (query % 100 === 99) await collection.replaceAnIndex();
    }
    await collection.assertConsistent();
    await collection.command('drop');
  } catch (error) {
    console.error(`planner fuzz failed with the seed ${seed}`);
    throw error;
  }
}
