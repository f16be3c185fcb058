import { type Random } from '../unit/embedded-mongo/running-server';
import { type UpdateCase } from './update-rounds';
import { type Fields, type Value } from './update-values';

const SCALARS: readonly Value[] = [
  ['null'],
  ...[0, 1, 2, 3, -1, 2147483647].map((number) => ['int', number] as const),
  ...[1n, 2n, (1n << 63n) - 1n, 9007199254740993n].map((number) => ['long', number] as const),
  ...[1, 1.5, 2, -0.5].map((number) => ['double', number] as const),
  ...['', 'a', 'b'].map((text) => ['string', text] as const),
  ['bool', true],
  ['bool', false],
  ['date', 0],
  ['date', 1e12],
];
const PATHS = [
  ...['a', 'a', 'b', 'b', 'c', 'd', 'a.b', 'a.b', 'a.c', 'a.0', 'a.1', 'a.4', 'b.0', 'b.2'],
  ...['b.10', 'a.b.c', 'a.0.b', 'b.0.c', 'b.1.b.c', 'c.x', 'c.x.y', 'd.0', 'a.b.0', 'b.b'],
];
const FAULTY = ['', 'a.', '.a', 'a..b', '$x', 'a.$x', '_id', '_id.x'];
const OPERATORS = [
  ...['$set', '$set', '$unset', '$inc', '$inc', '$setOnInsert', '$min', '$max', '$push', '$push'],
  ...['$pull', '$pull', '$pullAll', '$addToSet', '$currentDate'],
];

/** Makes updates that mostly concern something the document has. */
export class UpdateGenerator {
  constructor(private readonly random: Random) {}

  private scalar(): Value {
    return this.random.pick(this.random.chance(0.6) ? SCALARS.slice(0, 5) : SCALARS);
  }

  private list(make: () => Value): Value {
    return ['array', Array.from({ length: this.random.below(4) }, make)];
  }

  private value(depth = 0): Value {
    const { random } = this;
    if (depth > 2 || random.chance(0.4)) return this.scalar();
    if (random.chance(0.5)) return this.list(() => this.value(depth + 1));
    const names = ['b', 'c', '0', 'x'].filter(() => random.chance(0.4));
    return ['doc', names.map((name) => [name, this.value(depth + 1)] as const)];
  }

  private document(): Fields {
    const names = ['a', 'b', 'c', 'd'].filter(() => this.random.chance(0.75));
    return names.map((name) => [name, this.shaped(name)] as const);
  }

  /** Mostly what the paths expect: documents at a and c, arrays at b and d. */
  private shaped(name: string): Value {
    if (this.random.chance(0.25)) return this.value();
    if (name === 'b' || name === 'd') return this.list(() => this.value(2));
    const names = ['b', 'c', '0', 'x'].filter(() => this.random.chance(0.4));
    return ['doc', names.map((inner) => [inner, this.value(1)] as const)];
  }

  private path(operator: string, taken: readonly string[]): string {
    const { random } = this;
    if (random.chance(0.01)) return random.pick(FAULTY);
    const arrays = ['$push', '$pull', '$pullAll', '$addToSet'].includes(operator);
    const path = random.pick(arrays && random.chance(0.6) ? ['b', 'd', 'a.b', 'c.x'] : PATHS);
    const meets = (other: string): boolean =>
      `${other}.`.startsWith(`${path}.`) || `${path}.`.startsWith(`${other}.`);
    return taken.some(meets) && random.chance(0.97) ? this.path(operator, taken) : path;
  }

  /** Of an array that $pull looks at: no arrays inside, where the manual leaves room. */
  private flat(): Value {
    const { random } = this;
    if (random.chance(0.6)) return this.scalar();
    const names = ['b', 'c'].filter(() => random.chance(0.6));
    return ['doc', names.map((name) => [name, this.scalar()] as const)];
  }

  private push(): Value {
    const { random } = this;
    if (random.chance(0.4)) return this.value(1);
    const fields: [string, Value][] = [['$each', this.list(() => this.value(2))]];
    if (random.chance(0.04)) fields[0] = ['$each', this.scalar()];
    const number = (): Value =>
      random.chance(0.05)
        ? this.scalar()
        : random.pick<Value>([
            ['int', random.below(7) - 3],
            ['double', 1],
          ]);
    if (random.chance(0.4)) fields.push(['$slice', number()]);
    if (random.chance(0.4)) fields.push(['$position', number()]);
    if (random.chance(0.03)) fields.push(['$other', number()]);
    return ['doc', fields];
  }

  private addToSet(): Value {
    const { random } = this;
    if (random.chance(0.5)) return this.value(2);
    const each = random.chance(0.06) ? this.scalar() : this.list(() => this.value(2));
    const fields: [string, Value][] = [['$each', each]];
    if (random.chance(0.04)) fields.push(['$slice', ['int', 1]]);
    return ['doc', fields];
  }

  private condition(): Value {
    const { random } = this;
    const operator = random.pick(['$gt', '$gte', '$lt', '$lte', '$in', '$ne', '$eq']);
    const operand = operator === '$in' ? this.list(() => this.scalar()) : this.scalar();
    return ['doc', [[operator, operand]]];
  }

  private pull(): Value {
    const { random } = this;
    if (random.chance(0.35)) return this.scalar();
    if (random.chance(0.4)) return this.condition();
    const wanted = (): Value => (random.chance(0.3) ? this.condition() : this.scalar());
    const names = ['b', 'c'].filter(() => random.chance(0.7));
    return ['doc', names.map((name) => [name, wanted()] as const)];
  }

  private date(): Value {
    return this.random.pick<Value>([
      ...Array.from({ length: 10 }, () => ['bool', true] as const),
      ['bool', false],
      ...Array.from({ length: 5 }, () => ['doc', [['$type', ['string', 'date']]]] as const),
      ['doc', [['$type', ['string', 'timestamp']]]],
      ['doc', [['$type', ['string', 'time']]]],
      [
        'doc',
        [
          ['$type', ['string', 'date']],
          ['other', ['int', 1]],
        ],
      ],
      ['string', 'date'],
      ['int', 1],
    ]);
  }

  private operand(operator: string): Value {
    const { random } = this;
    switch (operator) {
      case '$push':
        return this.push();
      case '$addToSet':
        return this.addToSet();
      case '$pull':
        return this.pull();
      case '$pullAll':
        return random.chance(0.05) ? this.scalar() : this.list(() => this.flat());
      case '$currentDate':
        return this.date();
      case '$inc': {
        const number = random.pick(SCALARS.slice(1, 13));
        return random.chance(0.05) ? this.scalar() : number;
      }
      default:
        return this.value(1);
    }
  }

  private operators(): Fields {
    const { random } = this;
    const update = new Map<string, Map<string, Value>>();
    const taken: string[] = [];
    const count = 1 + random.below(4);
    for (let at = 0; at < count; at += 1) {
      const operator = random.pick(OPERATORS);
      const fields = update.get(operator) ?? new Map<string, Value>();
      const path = this.path(operator, taken);
      taken.push(path);
      // An _id of another type is another matter, see the numbers in the manual's "Immutable Field".
      const id = path === '_id' && operator !== '$unset';
      fields.set(path, id ? ['int', random.below(3)] : this.operand(operator));
      update.set(id ? '$set' : operator, fields);
    }
    const result: [string, Value][] = [...update].map(([name, fields]) => [
      name,
      ['doc', [...fields]],
    ]);
    if (random.chance(0.01))
      result.push([random.pick(['$unknown', '$set2', 'plain']), ['doc', []]]);
    if (random.chance(0.01)) return [['$set', this.scalar()]];
    return result;
  }

  /** Documents on which $pull with a condition means one thing only. */
  private flatDocument(): Fields {
    const names = ['a', 'b', 'c'].filter(() => this.random.chance(0.8));
    return names.map((name) => [
      name,
      this.random.chance(0.8) ? this.list(() => this.flat()) : this.scalar(),
    ]);
  }

  private equalities(): Fields {
    const { random } = this;
    const count = random.below(4);
    const paths = ['a', 'b', 'c', 'a.b', 'a.c', 'b.0', 'a.b.c', 'c.x'];
    return Array.from({ length: count }, () => [random.pick(paths), this.value(2)] as const);
  }

  next(): UpdateCase {
    const { random } = this;
    const replacing = random.chance(0.08);
    const update = replacing ? this.replacement() : this.operators();
    if (random.chance(0.2)) return { kind: 'upsert', document: this.equalities(), update };
    const kind = random.chance(0.2) ? 'findAndModify' : 'update';
    const pulls = update.some(([operator]) => operator === '$pull');
    return { kind, document: pulls ? this.flatDocument() : this.document(), update };
  }

  private replacement(): Fields {
    const fields = [...this.document()];
    if (this.random.chance(0.2)) fields.push(['_id', ['int', this.random.below(3)]]);
    if (this.random.chance(0.1)) fields.push(['$set', ['doc', []]]);
    return fields;
  }
}
