import { Binary, Double, ObjectId } from 'bson';
import { type BsonDocument, type BsonValue } from '../bson/types';
import { CommandError } from '../errors';
import { type IndexDefinition } from '../index/definition';
import { valuesOfKey } from '../index/document-keys';
import { type CollectionDefinition, keyPattern } from './catalog';

function binaryText(value: Binary): string {
  const hex = Buffer.from(value.buffer.subarray(0, value.position)).toString('hex');
  if (value.sub_type !== Binary.SUBTYPE_UUID || hex.length !== 32) {
    return `BinData(${value.sub_type}, ${hex.toUpperCase()})`;
  }
  return `UUID("${hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}")`;
}

/** A value in the notation of MongoDB's error messages. */
function valueText(value: BsonValue): string {
  if (typeof value === 'string') return `"${value}"`;
  if (value instanceof ObjectId) return `ObjectId('${value.toHexString()}')`;
  if (value instanceof Date) return `new Date(${value.getTime()})`;
  if (value instanceof Double) {
    return Number.isInteger(value.value) ? value.value.toFixed(1) : String(value.value);
  }
  if (value instanceof Binary) return binaryText(value);
  if (value instanceof Map) return documentText(value);
  if (Array.isArray(value)) return `[ ${value.map(valueText).join(', ')} ]`;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function documentText(document: BsonDocument): string {
  return `{ ${[...document].map(([name, value]) => `${name}: ${valueText(value)}`).join(', ')} }`;
}

/** The error for a second document with a key of a unique index, in MongoDB's form. */
export function duplicateKeyError(
  collection: CollectionDefinition,
  index: IndexDefinition,
  document: BsonDocument,
  key: Buffer,
): CommandError {
  const values = valuesOfKey(document, index.fields, key);
  const keyValue: BsonDocument = new Map(
    index.fields.map(({ path }, at) => [path, values[at] ?? null]),
  );
  const where = `${collection.database}.${collection.name} index: ${index.name}`;
  return new CommandError(
    11000,
    `E11000 duplicate key error collection: ${where} dup key: ${documentText(keyValue)}`,
    new Map<string, BsonValue>([
      ['keyPattern', keyPattern(index)],
      ['keyValue', keyValue],
    ]),
  );
}
