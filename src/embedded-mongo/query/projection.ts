import { toJsNumber } from '../bson/numbers';
import { type BsonDocument, type BsonValue, isNumber } from '../bson/types';
import { badValue, CommandError, notImplemented } from '../errors';

type Tree = Map<string, Branch>;
/** A wanted path ends here, or goes on in a subtree. */
type Branch = true | { readonly below: Tree };

/** A parsed projection: which paths to keep, or which to leave out. */
export interface Projection {
  readonly including: boolean;
  readonly tree: Tree;
  readonly keepId: boolean;
}

function flag(path: string, value: BsonValue): boolean {
  if (typeof value === 'boolean') return value;
  if (isNumber(value)) return toJsNumber(value) !== 0;
  throw notImplemented(`the projection of '${path}' by an expression`);
}

function addPath(tree: Tree, path: string): void {
  const parts = path.split('.');
  if (parts[0] === '_id' || parts.some((part) => part === '' || part.startsWith('$'))) {
    throw notImplemented(`the projection path '${path}'`);
  }
  const last = parts.pop() as string;
  let node = tree;
  for (const part of parts) {
    const known = node.get(part);
    if (known === true) throw new CommandError(31249, `Path collision at ${path}`);
    const below: Tree = known?.below ?? new Map<string, Branch>();
    node.set(part, { below });
    node = below;
  }
  if (node.has(last)) throw new CommandError(31249, `Path collision at ${path}`);
  node.set(last, true);
}

/** Parses a projection; undefined when everything is wanted. */
export function parseProjection(source: BsonDocument | undefined): Projection | undefined {
  if (source === undefined || source.size === 0) return undefined;
  const tree: Tree = new Map();
  let including: boolean | undefined;
  let keepId = true;
  for (const [path, value] of source) {
    const wanted = flag(path, value);
    if (path === '_id') {
      keepId = wanted;
      continue;
    }
    if (including !== undefined && including !== wanted) {
      throw new CommandError(
        wanted ? 31253 : 31254,
        `Cannot do ${wanted ? 'inclusion' : 'exclusion'} on field ${path} in ${wanted ? 'exclusion' : 'inclusion'} projection`,
      );
    }
    including = wanted;
    addPath(tree, path);
  }
  return { including: including ?? keepId, tree, keepId };
}

function include(value: BsonValue, tree: Tree): BsonValue | undefined {
  if (Array.isArray(value)) {
    return value
      .map((element) => include(element, tree))
      .filter((element) => element !== undefined);
  }
  if (!(value instanceof Map)) return undefined;
  const result: BsonDocument = new Map();
  for (const [name, field] of value) {
    const node = tree.get(name);
    const kept =
      node === undefined ? undefined : node === true ? field : include(field, node.below);
    if (kept !== undefined) result.set(name, kept);
  }
  return result;
}

function exclude(value: BsonValue, tree: Tree): BsonValue {
  if (Array.isArray(value)) return value.map((element) => exclude(element, tree));
  if (!(value instanceof Map)) return value;
  const result: BsonDocument = new Map();
  for (const [name, field] of value) {
    const node = tree.get(name);
    if (node !== true) result.set(name, node === undefined ? field : exclude(field, node.below));
  }
  return result;
}

/** Applies a projection to a document. */
export function project(projection: Projection, document: BsonDocument): BsonDocument {
  const { including, tree, keepId } = projection;
  const kept = including ? include(document, tree) : exclude(document, tree);
  if (!(kept instanceof Map)) throw badValue('only documents can be projected');
  const id = document.get('_id');
  kept.delete('_id');
  if (!keepId || id === undefined) return kept;
  return new Map([['_id', id], ...kept]);
}
