import { mongo } from 'mongoose';
import { Random, type RunningServer, startServer } from './running-server';

type Doc = Record<string, unknown>;

const { Binary, Double, Long, ObjectId } = mongo;
const LONG_TEXT = 'x'.repeat(2500);
const SCALARS: readonly unknown[] = [
  null,
  0,
  1,
  2,
  3,
  -1,
  new Double(1.5),
  new Double(-0),
  new Double(Number.NaN),
  new Double(Infinity),
  Long.fromString('9007199254740993'),
  Long.fromString('9007199254740992'),
  new Double(9007199254740992),
  Long.fromString('-9223372036854775808'),
  '',
  'a',
  'ab',
  'abc',
  'b',
  'a\u0000b',
  '\u{1F600}',
  '\uE000',
  true,
  false,
  new Date(0),
  new Date(1e12),
  new ObjectId('000000000000000000000001'),
  new ObjectId('f00000000000000000000001'),
  new Binary(Buffer.from([1, 2]), 0),
  new Binary(Buffer.from([1, 2]), 4),
  { b: 1 },
  { b: 1, c: 2 },
  { c: 2, b: 1 },
  {},
];
const FIELDS = ['a', 'b', 'a.b', 'a.c', 'c'] as const;

class Generator {
  constructor(readonly random: Random) {}

  scalar(): unknown {
    if (this.random.chance(0.02)) return LONG_TEXT + this.random.pick(['', 'a', 'b', 'c']);
    // Mostly few values, so that conditions have matches and keys have neighbours.
    return this.random.chance(0.6)
      ? this.random.pick([0, 1, 2, 3, 'a', 'ab', 'abc', null])
      : this.random.pick(SCALARS);
  }

  value(arrays: boolean, depth = 0): unknown {
    if (arrays && this.random.chance(0.25)) {
      return Array.from({ length: this.random.below(4) }, () => this.value(depth < 1, depth + 1));
    }
    if (depth < 2 && this.random.chance(0.25)) {
      const nested: Doc = {};
      for (const name of ['b', 'c']) {
        if (this.random.chance(0.6)) nested[name] = this.value(arrays, depth + 1);
      }
      return nested;
    }
    return this.scalar();
  }

  document(arrays: boolean): Doc {
    const document: Doc = {};
    const arrayField = this.random.pick(['a', 'b', 'c']);
    for (const name of ['a', 'b', 'c']) {
      if (this.random.chance(0.75)) document[name] = this.value(arrays && name === arrayField);
    }
    return document;
  }

  index(at: number): mongo.IndexDescription {
    const key: Record<string, 1 | -1> = {};
    const count = 1 + this.random.below(3);
    for (let field = 0; field < count; field += 1) {
      key[this.random.pick(FIELDS)] = this.random.chance(0.5) ? 1 : -1;
    }
    if (this.random.chance(0.2)) key['_id'] = 1;
    const index: mongo.IndexDescription = { key, name: `i${at}` };
    const kind = this.random.below(4);
    if (kind === 0) index.sparse = true;
    if (kind === 1) {
      const operand = this.random.pick<Doc>([
        { $exists: true },
        { $gt: 0 },
        { $gte: 'a' },
        { $lt: 2 },
        { $type: 'string' },
        { $type: 'number' },
        { $eq: 1 },
      ]);
      index.partialFilterExpression = { [this.random.pick(FIELDS)]: operand };
    }
    return index;
  }

  private operators(depth: number): Doc {
    const random = this.random;
    const scalar = (): unknown => this.scalar();
    const options: (() => Doc)[] = [
      () => ({ $eq: scalar() }),
      () => ({ $gt: scalar() }),
      () => ({ $gte: scalar() }),
      () => ({ $lt: scalar() }),
      () => ({ $lte: scalar() }),
      () => ({ $gte: scalar(), $lt: scalar() }),
      () => ({ $in: [scalar(), scalar(), scalar()] }),
      () => ({ $nin: [scalar(), scalar()] }),
      () => ({ $ne: scalar() }),
      () => ({ $exists: random.chance(0.5) }),
      () => ({ $type: random.pick(['string', 'number', 'null', 'array', 'int']) }),
      () => ({ $regex: random.pick(['^a', '^ab', '^a$', 'b', '^', 'b$']) }),
      () => ({ $all: [scalar(), scalar()] }),
      () => ({ $size: random.below(3) }),
      () => ({ $eq: [scalar(), scalar()] }),
      () => ({ $in: [scalar(), /^a/] }),
    ];
    if (depth < 2) {
      options.push(
        () => ({ $not: this.operators(depth + 1) }),
        () => ({ $elemMatch: this.operators(depth + 1) }),
        () => ({ $elemMatch: { [random.pick(['b', 'c'])]: scalar() } }),
        () => ({ $elemMatch: { b: this.operators(depth + 1), c: this.operators(depth + 1) } }),
      );
    }
    return random.pick(options)();
  }

  filter(depth = 0): Doc {
    const random = this.random;
    if (depth < 2 && random.chance(0.15)) {
      const branches = Array.from({ length: 1 + random.below(3) }, () => this.filter(depth + 1));
      return { [random.pick(['$or', '$and', '$nor', '$or'])]: branches, ...this.plain(depth) };
    }
    return this.plain(depth);
  }

  private plain(depth: number): Doc {
    const filter: Doc = {};
    const count = depth === 0 ? this.random.below(4) : 1 + this.random.below(2);
    for (let at = 0; at < count; at += 1) {
      const path = this.random.pick(FIELDS);
      filter[path] = this.random.chance(0.4) ? this.scalar() : this.operators(0);
    }
    return filter;
  }

  sort(): Record<string, 1 | -1> {
    const sort: Record<string, 1 | -1> = {};
    const count = this.random.below(3);
    for (let at = 0; at < count; at += 1) {
      sort[this.random.pick(FIELDS)] = this.random.chance(0.5) ? 1 : -1;
    }
    // The _id makes the order total, so that results can be compared one by one.
    if (count > 0) sort['_id'] = this.random.chance(0.5) ? 1 : -1;
    return sort;
  }
}

type Collection = mongo.Collection<Doc>;

async function outcome(query: Promise<Doc[]>): Promise<unknown> {
  try {
    return (await query).map((found) => found['_id']);
  } catch (error) {
    if (error instanceof mongo.MongoServerError) return `error ${String(error.code)}`;
    throw error;
  }
}

/** Runs a query as planned and as a full scan and returns both outcomes. */
async function both(collection: Collection, generator: Generator): Promise<Doc> {
  const { random } = generator;
  const filter = generator.filter();
  const sort = generator.sort();
  const options: mongo.FindOptions = {
    sort,
    batchSize: random.chance(0.1) ? 1 + random.below(40) : 500,
  };
  if (Object.keys(sort).length > 0 && random.chance(0.4)) {
    options.skip = random.below(20);
    options.limit = 1 + random.below(20);
  }
  const [planned, scanned, counted] = await Promise.all([
    outcome(collection.find(filter, options).toArray()),
    outcome(collection.find(filter, { ...options, hint: { $natural: 1 } }).toArray()),
    options.limit === undefined
      ? collection.countDocuments(filter).catch(() => undefined)
      : undefined,
  ]);
  const ordered = Object.keys(sort).length > 0;
  const normal = (ids: unknown): unknown =>
    ordered || !Array.isArray(ids) ? ids : ids.sort((a, b) => Number(a) - Number(b));
  return { filter, options, planned: normal(planned), scanned: normal(scanned), counted };
}

async function write(collection: Collection, generator: Generator, arrays: boolean): Promise<void> {
  const { random } = generator;
  const one = { _id: random.below(150) as unknown as mongo.ObjectId };
  const replacement = generator.document(arrays);
  const choice = random.below(4);
  try {
    if (choice === 0) await collection.deleteOne(one);
    else if (choice === 1) await collection.replaceOne(one, replacement, { upsert: true });
    else if (choice === 2) await collection.updateOne(one, { $set: { 'a.b': generator.scalar() } });
    else await collection.updateOne(one, { $unset: { [random.pick(FIELDS)]: 1 } });
  } catch (error) {
    // Paths through scalars and parallel arrays are refused, which is as good as a write.
    if (!(error instanceof mongo.MongoServerError) || ![28, 171].includes(Number(error.code)))
      throw error;
  }
}

describe('planner against full scan', () => {
  let running: RunningServer;
  beforeAll(async () => {
    running = await startServer();
  });
  afterAll(() => running.stop());

  const base = Number(process.env['EMBEDDED_FUZZ_SEED'] ?? 20_000);
  const rounds = Number(process.env['EMBEDDED_FUZZ_ROUNDS'] ?? 7);

  it.each(Array.from({ length: rounds }, (_, round) => base + round))(
    'answers the same, seed %i',
    async (seed) => {
      const generator = new Generator(new Random(seed));
      const arrays = seed % 3 !== 0;
      const collection = running.db.collection<Doc>(`fuzz${seed}`);
      const documents = Array.from({ length: 120 }, (_, _id) => ({
        _id,
        ...generator.document(arrays),
      }));
      await collection.insertMany(documents as unknown as Doc[]);
      for (let at = 0; at < 5; at += 1) {
        try {
          await collection.createIndexes([generator.index(at)]);
        } catch (error) {
          if (!(error instanceof mongo.MongoServerError)) throw error;
          expect([171, 85, 86]).toContain(error.code);
        }
      }
      for (let query = 0; query < 200; query += 1) {
        const { filter, options, planned, scanned, counted } = await both(collection, generator);
        if (JSON.stringify(planned) !== JSON.stringify(scanned)) {
          const shown = JSON.stringify({ seed, filter, options });
          throw new Error(`${shown}\nplanned ${String(planned)}\nscanned ${String(scanned)}`);
        }
        if (counted !== undefined && Array.isArray(scanned) && counted !== scanned.length) {
          throw new Error(`wrong count: ${JSON.stringify({ counted, seed, filter })}`);
        }
        if (query % 4 === 0) await write(collection, generator, arrays);
      }
      await collection.drop();
    },
  );
});
