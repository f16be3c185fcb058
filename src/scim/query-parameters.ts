/** Query parameters by name in any case (RFC 7644 section 3.4.2): Entra's inbound client writes `startindex`. */

export type QueryParameters = ReadonlyMap<string, string>;

const NONE: QueryParameters = new Map();

/** By name in lower case; of a repeated parameter the first counts. Plus signs are blanks (OneLogin). */
export function queryParameters(url: string): QueryParameters {
  const mark = url.indexOf('?');
  if (mark < 0 || mark === url.length - 1) return NONE;
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(url.slice(mark + 1))) {
    const key = name.toLowerCase();
    if (!parameters.has(key)) parameters.set(key, value);
  }
  return parameters;
}
