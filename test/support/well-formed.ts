/** Adds the `schemas` that strict rules ask for to the bodies of suites whose subject is something else. */
import { standardSchemas } from '../../src/domain/standard-schemas';
import { BULK_REQUEST, PATCH_OP, SEARCH_REQUEST } from '../../src/domain/validation';

type Body = Readonly<Record<string, unknown>>;

export function wellFormed(method: string, path: string, body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const given = body as Body;
  const [endpoint = ''] = path.split(/(?<=.)[/?]/);
  const operations = given['Operations'];
  const complete =
    endpoint === '/Bulk' && Array.isArray(operations)
      ? { ...given, Operations: operations.map(operation) }
      : given;
  const schemas = 'schemas' in given ? undefined : schemasOf(method, path, endpoint, given);
  return schemas === undefined ? complete : { schemas, ...complete };
}

function operation(one: unknown): unknown {
  if (typeof one !== 'object' || one === null) return one;
  const { method, path, data } = one as Body;
  if (typeof method !== 'string' || typeof path !== 'string' || data === undefined) return one;
  return { ...one, data: wellFormed(method.toUpperCase(), path, data) };
}

function schemasOf(
  method: string,
  path: string,
  endpoint: string,
  body: Body,
): readonly string[] | undefined {
  if (endpoint === '/Bulk') return [BULK_REQUEST.schema];
  if (path.includes('/.search')) return [SEARCH_REQUEST.schema];
  if (method === 'PATCH') return [PATCH_OP.schema];
  const schema = standardSchemas.byEndpoint(endpoint);
  if (schema === undefined) return undefined;
  const extensions = Object.keys(body).flatMap((name) => schema.extension(name)?.id ?? []);
  return [schema.core.id, ...extensions];
}
