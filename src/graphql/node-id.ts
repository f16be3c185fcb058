/** Ids as GraphQL shows them: opaque and unique over all types (the Relay specification's global object identification). */

/** The types that `Query.node` finds. */
export const NODE_TYPES = [
  'SyncRule',
  'Target',
  'User',
  'Group',
  'Binding',
  'Operation',
  'ApiKey',
  'TokenLogo',
  'Token',
  'AuditEvent',
] as const;

export type NodeTypeName = (typeof NODE_TYPES)[number];

/** What a global id stands for. */
export interface NodeKey {
  readonly type: NodeTypeName;
  readonly key: string;
}

export function toNodeId(type: NodeTypeName, key: string): string {
  return Buffer.from(`${type}:${key}`, 'utf8').toString('base64url');
}

/** Undefined for whatever `toNodeId` did not make. */
export function parseNodeId(id: string): NodeKey | undefined {
  const text = Buffer.from(id, 'base64url').toString('utf8');
  const colon = text.indexOf(':');
  const type = NODE_TYPES.find((name) => name === text.slice(0, colon));
  const key = text.slice(colon + 1);
  if (type === undefined || key === '' || toNodeId(type, key) !== id) return undefined;
  return { type, key };
}

/** The key inside an id of this type; undefined for an id of another type, or no id at all. */
export function keyOf(type: NodeTypeName, id: string): string | undefined {
  const parsed = parseNodeId(id);
  return parsed?.type === type ? parsed.key : undefined;
}

/**
 * The key inside an id of this type, or a key that nothing has: a command then finds nothing, as it should for an id
 * of another type.
 */
export function keyOrNone(type: NodeTypeName, id: string): string {
  return keyOf(type, id) ?? '';
}
