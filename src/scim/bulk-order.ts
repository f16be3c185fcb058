/** In which order the operations of a bulk request are carried out. */
import { fold } from '../domain/filter/fold';
import { type BulkMethod } from './bulk-request';

/** What the order depends on. */
export interface Ordered {
  readonly method: BulkMethod;
  /** Where the resource is, or is to be: `users/<id>`. */
  readonly place: string;
  readonly bulkId?: string;
  /** The operations it refers to. */
  readonly references: ReadonlySet<string>;
  /** See {@link namesIn}. */
  readonly names: readonly string[];
}

export interface Placed<Operation extends Ordered> {
  readonly operation: Operation;
  /** References to operations that cannot come before this one, because they refer to it themselves. */
  readonly circular: ReadonlySet<string>;
}

/**
 * As they were sent, except that what an operation refers to comes before it. Circles are cut where they close.
 * References to operations that are not there are nobody's concern here.
 */
export function inOrder<Operation extends Ordered>(
  operations: readonly Operation[],
): readonly Placed<Operation>[] {
  const makers = new Map<string, Operation>();
  for (const operation of operations) {
    if (operation.bulkId !== undefined) makers.set(operation.bulkId, operation);
  }
  const order: Placed<Operation>[] = [];
  const begun = new Set<Operation>();
  const done = new Set<Operation>();
  const place = (operation: Operation): void => {
    if (begun.has(operation)) return;
    begun.add(operation);
    const circular = new Set<string>();
    for (const bulkId of operation.references) {
      const maker = makers.get(bulkId);
      if (maker === undefined) continue;
      if (begun.has(maker) && !done.has(maker)) circular.add(bulkId);
      else place(maker);
    }
    done.add(operation);
    order.push({ operation, circular });
  };
  for (const operation of operations) place(operation);
  return order;
}

/** How many operations are under way at the same time; other requests want their turn too. */
const MAX_PARALLEL = 8;

/**
 * Neighbours that may be carried out at the same time because nobody can tell (RFC 7644 section 3.7): they make or delete
 * different resources, or change them without touching names, of which each may be used once.
 */
export function inWaves<Operation extends Ordered>(
  order: readonly Placed<Operation>[],
): readonly (readonly Placed<Operation>[])[] {
  const waves: Placed<Operation>[][] = [];
  /** What the last wave is about; undefined: nothing may join it. */
  let claimed: Set<string> | undefined;
  for (const placed of order) {
    const { operation } = placed;
    const wave = waves.at(-1);
    const claims = claimsOf(operation);
    const joins =
      wave !== undefined &&
      wave.length < MAX_PARALLEL &&
      wave[0]?.operation.method === operation.method &&
      claims !== undefined &&
      claimed !== undefined &&
      ![...claims, ...[...operation.references].map(bulkIdClaim)].some((one) => claimed?.has(one));
    if (joins) wave.push(placed);
    else waves.push([placed]);
    claimed = claims && new Set([...(joins ? (claimed ?? []) : []), ...claims]);
  }
  return waves;
}

/** What no two operations of a wave may have in common; undefined: the operation stands alone. */
function claimsOf({ method, place, bulkId, names }: Ordered): ReadonlySet<string> | undefined {
  switch (method) {
    case 'DELETE':
      return new Set([place]);
    case 'POST':
      return new Set(bulkId === undefined ? names : [...names, bulkIdClaim(bulkId)]);
    case 'PATCH':
      return names.length > 0 ? undefined : new Set([place]);
    case 'PUT':
      return undefined;
  }
}

function bulkIdClaim(bulkId: string): string {
  return `bulkId ${bulkId}`;
}

/** Unique attributes, and what is said of them, in what an operation sends; attributes of extensions too. */
export function namesIn(
  method: BulkMethod,
  data: unknown,
  unique: readonly string[],
): readonly string[] {
  if (typeof data !== 'object' || data === null) return [];
  if (method === 'PATCH') {
    const text = JSON.stringify(data).toLowerCase();
    return unique.filter((name) => text.includes(name.toLowerCase()));
  }
  return namesAmong(data, new Set(unique.map((name) => name.toLowerCase())));
}

function namesAmong(data: object, names: ReadonlySet<string>): readonly string[] {
  return (Object.entries(data) as [string, unknown][]).flatMap(([key, value]) => {
    // A name may be qualified by the URN of its schema; an extension has its attributes in an object of its own.
    const name = key.slice(key.lastIndexOf(':') + 1).toLowerCase();
    if (names.has(name)) return isLiteral(value) ? [`${name} ${fold(String(value))}`] : [];
    const isExtension = key.includes(':') && typeof value === 'object' && value !== null;
    return isExtension ? namesAmong(value, names) : [];
  });
}

function isLiteral(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}
