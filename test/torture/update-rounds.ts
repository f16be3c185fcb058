import assert from 'node:assert/strict';
import { type BsonDocument, type BsonValue } from '../../src/embedded-mongo/bson/types';
import { Random } from '../unit/embedded-mongo/running-server';
import { type InProcess } from './fuzz-executors';
import { doc } from './fuzz-values';
import { UpdateGenerator } from './update-generator';
import { Refused, updated, upserted } from './update-oracle';
import { type Fields, fromBson, print, toBson, type Value } from './update-values';

/** One document, or the equalities of an upsert that finds none, and one update. */
export interface UpdateCase {
  readonly kind: 'update' | 'upsert' | 'findAndModify';
  readonly document: Fields;
  readonly update: Fields;
}

/** What became of it. */
type Outcome =
  | { readonly refused: ReadonlySet<number> }
  | { readonly document: Fields; readonly modified: boolean | undefined };

/** What the rounds did, so that a test can tell that they proved something. */
export interface UpdateStatistics {
  updates: number;
  modified: number;
  unchanged: number;
  upserts: number;
  readonly refused: Map<number, number>;
}

export function noUpdates(): UpdateStatistics {
  return { updates: 0, modified: 0, unchanged: 0, upserts: 0, refused: new Map() };
}

const COLLECTION = 'updates';
const BATCH = 100;

function asDocument(fields: Fields): BsonDocument {
  return toBson(['doc', fields]) as BsonDocument;
}

function expectedOf({ kind, document, update }: UpdateCase, id: number): Outcome {
  const own: Fields = [['_id', ['int', id]], ...document];
  try {
    if (kind === 'upsert') return { document: upserted(own, update), modified: false };
    const after = updated(own, update);
    const now = print(['doc', after]).includes('now(');
    const modified = print(['doc', after]) !== print(['doc', own]);
    // Of an earlier moment nothing can be said: it may have been the same millisecond.
    return { document: after, modified: now || kind === 'findAndModify' ? undefined : modified };
  } catch (error) {
    if (error instanceof Refused) return { refused: error.codes };
    throw error;
  }
}

function commandOf({ kind, document, update }: UpdateCase, id: number): BsonDocument {
  const query = kind === 'upsert' ? [['_id', ['int', id]] as const, ...document] : undefined;
  // A list of conditions may name a path twice, a document may not.
  const q: BsonDocument =
    query === undefined
      ? doc({ _id: id })
      : doc({ $and: query.map((equality) => asDocument([equality])) });
  const u = asDocument(update);
  return kind === 'findAndModify'
    ? doc({ findAndModify: COLLECTION, query: q, update: u, new: true })
    : doc({ update: COLLECTION, updates: [doc({ q, u, upsert: kind === 'upsert' })] });
}

async function observe(server: InProcess, cases: readonly UpdateCase[]): Promise<Outcome[]> {
  const documents: BsonValue[] = cases.flatMap(({ kind, document }, id) =>
    kind === 'upsert' ? [] : [asDocument([['_id', ['int', id]], ...document])],
  );
  const command = (verb: string, fields: Record<string, BsonValue>) =>
    server.run(doc({ [verb]: COLLECTION, ...fields }));
  if (documents.length > 0) await command('insert', { documents });
  const answers = await Promise.all(cases.map((one, id) => server.run(commandOf(one, id))));
  const stored = await command('find', { batchSize: 1000 });
  const found = new Map(stored.documents.map((one) => [one.get('_id'), one]));
  await command('delete', { deletes: [doc({ q: new Map(), limit: 0 })] });
  return answers.map(({ errorCode, fields }, id) => {
    const kept = found.get(id);
    if (errorCode !== undefined) {
      const { kind, document } = cases[id] as UpdateCase;
      const before =
        kind === 'upsert' ? undefined : asDocument([['_id', ['int', id]], ...document]);
      assert.deepEqual(kept && fromBson(kept), before && fromBson(before), 'a refusal changed it');
      return { refused: new Set([errorCode]) };
    }
    const document = kept === undefined ? [] : (fromBson(kept) as readonly ['doc', Fields])[1];
    const value = fields.get('value') as BsonDocument | undefined;
    if (value !== undefined) assert.deepEqual(fromBson(value), ['doc', document], 'its new value');
    const modified = fields.has('nModified') ? fields.get('nModified') === 1 : undefined;
    return { document, modified };
  });
}

/** Text to compare by: the moment of an update is not known, and an upsert's order is not defined. */
function text(value: Value, expected: Value | undefined, anyOrder: boolean): string {
  if (expected?.[0] === 'now' && expected[1] === 'date' && value[0] === 'date') {
    return Math.abs(Date.now() - value[1]) < 60_000 ? print(expected) : print(value);
  }
  if (value[0] === 'array' && expected?.[0] === 'array') {
    return `[${value[1].map((item, at) => text(item, expected[1][at], anyOrder)).join()}]`;
  }
  if (value[0] !== 'doc' || expected?.[0] !== 'doc') return print(value);
  const others = new Map(expected[1]);
  const parts = value[1].map(([name, one]) => `${name}: ${text(one, others.get(name), anyOrder)}`);
  return `{${(anyOrder ? parts.sort() : parts).join()}}`;
}

function differs(one: UpdateCase, expected: Outcome, observed: Outcome): string | undefined {
  const tell = (outcome: Outcome): string =>
    'refused' in outcome
      ? `refused with ${[...outcome.refused].join(' or ')}`
      : `${print(['doc', outcome.document])}, modified ${String(outcome.modified)}`;
  const report = `${one.kind} of ${print(['doc', one.document])}\nby ${print(['doc', one.update])}
gives    ${tell(observed)}\nexpected ${tell(expected)}`;
  if ('refused' in expected || 'refused' in observed) {
    const both = 'refused' in expected && 'refused' in observed;
    return both && [...observed.refused].every((code) => expected.refused.has(code))
      ? undefined
      : report;
  }
  const wanted: Value = ['doc', expected.document];
  const anyOrder = one.kind === 'upsert';
  const same =
    text(['doc', observed.document], wanted, anyOrder) === text(wanted, wanted, anyOrder);
  const counted = expected.modified === undefined || expected.modified === observed.modified;
  return same && counted ? undefined : report;
}

/** The case with one field of the document, one operator or one path less. */
function* smaller({ kind, document, update }: UpdateCase): Generator<UpdateCase> {
  for (const at of document.keys()) yield { kind, document: document.toSpliced(at, 1), update };
  for (const at of update.keys()) yield { kind, document, update: update.toSpliced(at, 1) };
  for (const [at, [operator, fields]] of update.entries()) {
    if (fields[0] !== 'doc') continue;
    for (const inner of fields[1].keys()) {
      const less: Value = ['doc', fields[1].toSpliced(inner, 1)];
      yield { kind, document, update: update.toSpliced(at, 1, [operator, less]) };
    }
  }
}

async function shrink(server: InProcess, one: UpdateCase, report: string): Promise<string> {
  for (const candidate of smaller(one)) {
    const [observed] = await observe(server, [candidate]);
    const found = differs(candidate, expectedOf(candidate, 0), observed as Outcome);
    if (found !== undefined) return shrink(server, candidate, found);
  }
  return report;
}

function note(statistics: UpdateStatistics, { kind }: UpdateCase, outcome: Outcome): void {
  statistics.updates += 1;
  if ('refused' in outcome) {
    for (const code of outcome.refused) {
      statistics.refused.set(code, (statistics.refused.get(code) ?? 0) + 1);
    }
  } else if (kind === 'upsert') statistics.upserts += 1;
  else if (outcome.modified === true) statistics.modified += 1;
  else if (outcome.modified === false) statistics.unchanged += 1;
}

/** Compares that many random updates with the oracle; all of them follow from the seed. */
export async function updateRound(
  server: InProcess,
  seed: number,
  updates: number,
  statistics: UpdateStatistics,
): Promise<void> {
  const generator = new UpdateGenerator(new Random(seed));
  for (let done = 0; done < updates; done += BATCH) {
    const cases = Array.from({ length: BATCH }, () => generator.next());
    const observed = await observe(server, cases);
    for (const [id, one] of cases.entries()) {
      const outcome = observed[id] as Outcome;
      const report = differs(one, expectedOf(one, id), outcome);
      if (report !== undefined) {
        throw new Error(`updates, seed ${seed}:\n${await shrink(server, one, report)}`);
      }
      note(statistics, one, outcome);
    }
  }
}
