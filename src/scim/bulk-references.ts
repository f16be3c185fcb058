/** References to resources that other operations of a bulk request make: `bulkId:qwerty` (RFC 7644 section 3.7.2). */

const PREFIX = 'bulkId:';
/** In the value filter of a PATCH path: `members[value eq "bulkId:qwerty"]`. */
const IN_FILTER = /"bulkId:((?:[^"\\]|\\.)*)"/g;

/** The id behind a reference; undefined when it is none. */
export type ResolveBulkId = (bulkId: string) => string | undefined;

export function bulkIdIn(text: string | undefined): string | undefined {
  return text?.startsWith(PREFIX) ? text.slice(PREFIX.length) : undefined;
}

/** All references in what an operation sends. */
export function referencesIn(data: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  replaceReferences(data, (bulkId) => {
    found.add(bulkId);
    return undefined;
  });
  return found;
}

/** The same data with ids in the place of references; what `resolve` does not know stays. */
export function replaceReferences(data: unknown, resolve: ResolveBulkId, key = ''): unknown {
  if (typeof data === 'string') return replaceIn(data, resolve, key);
  if (Array.isArray(data)) return data.map((item: unknown) => replaceReferences(item, resolve));
  if (typeof data !== 'object' || data === null) return data;
  const entries = Object.entries(data) as [string, unknown][];
  // Not assigned one by one: "__proto__" is a name like any other here.
  return Object.fromEntries(
    entries.map(([name, value]) => [name, replaceReferences(value, resolve, name.toLowerCase())]),
  );
}

function replaceIn(text: string, resolve: ResolveBulkId, key: string): string {
  const bulkId = bulkIdIn(text);
  if (bulkId !== undefined) return resolve(bulkId) ?? text;
  if (key === 'path') {
    return text.replace(IN_FILTER, (literal, escaped: string) => {
      const id = resolve(escaped.replace(/\\(.)/g, '$1'));
      return id === undefined ? literal : JSON.stringify(id);
    });
  }
  const segment = key === '$ref' ? text.lastIndexOf(`/${PREFIX}`) : -1;
  if (segment < 0) return text;
  const id = resolve(text.slice(segment + 1 + PREFIX.length));
  return id === undefined ? text : `${text.slice(0, segment + 1)}${id}`;
}

/** Data without the values that refer to certain operations, and the PATCH operations that add them again. */
export interface Parted {
  readonly data: unknown;
  readonly additions: readonly object[];
}

/** Takes out the values of attributes that refer to one of the operations (RFC 7644 section 3.7.1). */
export function partedFrom(data: unknown, bulkIds: ReadonlySet<string>, urn = ''): Parted {
  if (typeof data !== 'object' || data === null) return { data, additions: [] };
  const kept: [string, unknown][] = [];
  const additions: object[] = [];
  const refers = (value: unknown): boolean =>
    [...referencesIn(value)].some((bulkId) => bulkIds.has(bulkId));
  for (const [name, value] of Object.entries(data) as [string, unknown][]) {
    const path = urn === '' ? name : `${urn}:${name}`;
    if (!refers(value)) {
      kept.push([name, value]);
    } else if (Array.isArray(value)) {
      kept.push([name, value.filter((item) => !refers(item))]);
      additions.push({ op: 'add', path, value: value.filter(refers) });
    } else if (urn === '' && name.includes(':') && typeof value === 'object') {
      const inner = partedFrom(value, bulkIds, name);
      kept.push([name, inner.data]);
      additions.push(...inner.additions);
    } else {
      additions.push({ op: 'add', path, value });
    }
  }
  return { data: Object.fromEntries(kept), additions };
}
