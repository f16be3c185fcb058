/** Query parameters by name in any case: Entra's inbound client writes `startindex`. */
import { type ValidationProfile } from '../domain/validation';

export type QueryParameters = ReadonlyMap<string, string>;

const NONE: QueryParameters = new Map();

/**
 * By name in lower case; of a repeated parameter the first counts. Throws a URIError for a broken percent-encoding where
 * the profile does not read queries as forms (OneLogin has plus signs for blanks).
 */
export function queryParameters(
  url: string,
  { plusIsBlank }: Pick<ValidationProfile, 'plusIsBlank'>,
): QueryParameters {
  const mark = url.indexOf('?');
  if (mark < 0 || mark === url.length - 1) return NONE;
  const query = url.slice(mark + 1);
  const parameters = new Map<string, string>();
  for (const [name, value] of plusIsBlank ? new URLSearchParams(query) : decoded(query)) {
    const key = name.toLowerCase();
    if (!parameters.has(key)) parameters.set(key, value);
  }
  return parameters;
}

function decoded(query: string): readonly (readonly [string, string])[] {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      const end = equals < 0 ? part.length : equals;
      return [decodeURIComponent(part.slice(0, end)), decodeURIComponent(part.slice(end + 1))];
    });
}
