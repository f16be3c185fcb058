import { Binary, BSONRegExp, Decimal128, Double, ObjectId } from 'bson';
import { type BsonDocument, type BsonValue } from '../../src/embedded-mongo/bson/types';
import { type Random } from '../unit/embedded-mongo/running-server';

const LONG_TEXT = 'x'.repeat(2500);

/** A document written as an object literal. */
export function doc(fields: Record<string, BsonValue>): BsonDocument {
  return new Map(Object.entries(fields));
}

const FREQUENT: readonly BsonValue[] = [0, 1, 2, 3, 'a', 'ab', 'abc', null];
const SCALARS: readonly BsonValue[] = [
  ...[null, 0, 1, 2, 3, -1, true, false, '', 'a', 'ab', 'abc', 'b', 'a\u0000b'],
  ...[1.5, -0, 1, 2, Number.NaN, Infinity, -Infinity, 9007199254740992].map((n) => new Double(n)),
  ...[1n, 2n, 9007199254740993n, 9007199254740992n, -(1n << 63n), (1n << 63n) - 1n],
  ...['\u{1F600}', '\uE000', 'é'],
  ...[0, 1e12, -1].map((milliseconds) => new Date(milliseconds)),
  new ObjectId('000000000000000000000001'),
  new ObjectId('f00000000000000000000001'),
  new Binary(Buffer.from([1, 2]), 0),
  new Binary(Buffer.from([1, 2]), 4),
  ...[{ b: 1 }, { b: 1, c: 2 }, { c: 2, b: 1 }, {}].map((fields) =>
    doc(fields as Record<string, BsonValue>),
  ),
];
const ROOTS = ['a', 'b', 'c'] as const;
/** Paths an index and a sort may name. */
const FIELDS = ['a', 'b', 'a.b', 'a.c', 'c'] as const;

/** What the documents of a round may hold. */
export interface Ingredients {
  readonly arrays: boolean;
  /** Texts that are longer than an index key may be. */
  readonly longTexts: boolean;
}

/** An index as createIndexes takes it. */
export interface GeneratedIndex {
  readonly name: string;
  readonly spec: BsonDocument;
}

/** Makes documents, indexes and queries in which conditions have matches and keys have neighbours. */
export class Generator {
  constructor(
    readonly random: Random,
    private readonly ingredients: Ingredients,
  ) {}

  field(): string {
    return this.random.pick(FIELDS);
  }

  scalar(): BsonValue {
    const { random } = this;
    if (this.ingredients.longTexts && random.chance(0.03)) {
      return LONG_TEXT + random.pick(['', 'a', 'b', 'c']);
    }
    return random.pick(random.chance(0.6) ? FREQUENT : SCALARS);
  }

  private value(arrays: boolean, depth = 0): BsonValue {
    const { random } = this;
    if (arrays && random.chance(0.25)) {
      return Array.from({ length: random.below(4) }, () => this.value(depth < 1, depth + 1));
    }
    if (depth < 2 && random.chance(0.25)) {
      const nested: BsonDocument = new Map();
      for (const name of ['b', 'c']) {
        if (random.chance(0.6)) nested.set(name, this.value(arrays, depth + 1));
      }
      return nested;
    }
    return this.scalar();
  }

  /** One number in any of its types, which are equal to each other. */
  private serial(value: number): BsonValue {
    return this.random.pick<BsonValue>([value, BigInt(value), new Double(value)]);
  }

  /** The field u has a value of its own, but for a share of duplicates. */
  document(id: number, duplicates = 0): BsonDocument {
    const { random } = this;
    const document: BsonDocument = new Map([['_id', id]]);
    if (random.chance(0.97)) document.set('u', this.serial(random.chance(duplicates) ? 7 : id));
    const arrayField = random.pick(ROOTS);
    for (const name of ROOTS) {
      if (!random.chance(0.75)) continue;
      document.set(name, this.value(this.ingredients.arrays && name === arrayField));
    }
    return document;
  }

  index(name: string): GeneratedIndex {
    const { random } = this;
    const key: BsonDocument = new Map();
    const serial = random.chance(0.2);
    const count = serial ? random.below(2) : 1 + random.below(3);
    for (let at = 0; at < count; at += 1) key.set(this.field(), random.chance(0.5) ? 1 : -1);
    if (serial) key.set('u', random.chance(0.5) ? 1 : -1);
    else if (random.chance(0.25)) key.set('_id', random.chance(0.5) ? 1 : -1);
    const spec: BsonDocument = new Map<string, BsonValue>([
      ['key', key],
      ['name', name],
    ]);
    // Few sets of documents are unique by chance.
    if (random.chance(serial ? 0.9 : 0.25)) spec.set('unique', true);
    const kind = random.below(serial ? 2 : 4);
    if (kind === 0) spec.set('sparse', true);
    if (kind === 1) spec.set('partialFilterExpression', this.partial());
    return { name, spec };
  }

  private partial(): BsonDocument {
    const operand = this.random.pick<Record<string, BsonValue>>([
      { $exists: true },
      { $gt: 0 },
      { $gte: 'a' },
      { $lt: 2 },
      { $type: 'string' },
      { $type: 'number' },
      { $eq: 1 },
      { $gte: 0, $lt: 3 },
    ]);
    return doc({ [this.field()]: doc(operand) });
  }

  private operand(): BsonValue {
    // Decimals cannot be keys, but may be asked for.
    return this.random.chance(0.02) ? Decimal128.fromString('1.0') : this.scalar();
  }

  private bounds(): BsonDocument {
    const one = (): BsonValue => this.operand();
    return doc(
      this.random.pick<() => Record<string, BsonValue>>([
        () => ({ $eq: one() }),
        () => ({ $gt: one() }),
        () => ({ $gte: one() }),
        () => ({ $lt: one() }),
        () => ({ $lte: one() }),
        () => ({ $gte: one(), $lt: one() }),
        () => ({ $in: [one(), one(), one()] }),
        () => ({ $regex: this.random.pick(['^a', '^ab', '^a$', '^']) }),
      ])(),
    );
  }

  private operators(depth: number): BsonDocument {
    const { random } = this;
    if (random.chance(0.6)) return this.bounds();
    const one = (): BsonValue => this.operand();
    const options: (() => Record<string, BsonValue>)[] = [
      () => ({ $nin: [one(), one()] }),
      () => ({ $ne: one() }),
      () => ({ $exists: random.chance(0.5) }),
      () => ({ $type: random.pick(['string', 'number', 'null', 'array', 'int', 'date']) }),
      () => ({ $regex: random.pick(['b', 'b$']) }),
      () => ({ $all: [one(), one()] }),
      () => ({ $size: random.below(3) }),
      () => ({ $eq: [one(), one()] }),
      () => ({ $in: [one(), new BSONRegExp('^a')] }),
    ];
    if (depth < 2) {
      options.push(
        () => ({ $not: this.operators(depth + 1) }),
        () => ({ $elemMatch: this.operators(depth + 1) }),
        () => ({ $elemMatch: doc({ [random.pick(['b', 'c'])]: one() }) }),
        () => ({ $elemMatch: doc({ b: this.operators(depth + 1), c: this.operators(depth + 1) }) }),
      );
    }
    return doc(random.pick(options)());
  }

  filter(depth = 0): BsonDocument {
    const { random } = this;
    const filter = this.plain(depth);
    if (depth < 2 && random.chance(0.15)) {
      const branches = Array.from({ length: 1 + random.below(3) }, () => this.filter(depth + 1));
      filter.set(random.pick(['$or', '$and', '$nor', '$or']), branches);
    }
    return filter;
  }

  private plain(depth: number): BsonDocument {
    const { random } = this;
    const filter: BsonDocument = new Map();
    const count = depth === 0 ? random.below(4) : 1 + random.below(2);
    for (let at = 0; at < count; at += 1) {
      if (random.chance(0.06)) {
        const bounds = { $gte: this.serial(random.below(60)), $lt: this.serial(random.below(60)) };
        filter.set('u', random.chance(0.5) ? bounds.$gte : doc(bounds));
        continue;
      }
      const path = random.chance(0.04) ? random.pick(['a.0', 'a.0.b', '_id']) : this.field();
      filter.set(path, random.chance(0.4) ? this.operand() : this.operators(0));
    }
    return filter;
  }

  sort(): BsonDocument {
    const { random } = this;
    const sort: BsonDocument = new Map();
    const count = random.below(3);
    for (let at = 0; at < count; at += 1) sort.set(this.field(), random.chance(0.5) ? 1 : -1);
    if (random.chance(0.4)) sort.set('_id', random.chance(0.5) ? 1 : -1);
    return sort;
  }
}
