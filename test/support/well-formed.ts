/** Adds the `schemas` that strict rules ask for to the bodies of suites whose subject is something else. */
import { type SchemaTable } from '../../src/domain/schema-table';
import { BULK_REQUEST, PATCH_OP, SEARCH_REQUEST } from '../../src/domain/validation';

type Body = Readonly<Record<string, unknown>>;

export function wellFormed(
  table: SchemaTable,
  method: string,
  path: string,
  body: unknown,
): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const given = body as Body;
  const [endpoint = ''] = path.split(/(?<=.)[/?]/);
  if (endpoint === '/Bulk') {
    const operations = given['Operations'];
    const Operations = Array.isArray(operations)
      ? operations.map((one) => operation(table, one))
      : operations;
    return { schemas: [BULK_REQUEST.schema], ...given, Operations };
  }
  if (path.includes('/.search')) return { schemas: [SEARCH_REQUEST.schema], ...given };
  if (method === 'PATCH') return { schemas: [PATCH_OP.schema], ...given };
  const schema = table.byEndpoint(endpoint === '/Me' ? '/Users' : endpoint);
  if (schema === undefined) return body;
  const { schemas = [schema.core.id] } = given;
  const extensions = Object.keys(given).flatMap((name) => schema.extension(name)?.id ?? []);
  const complete = Array.isArray(schemas) && schemas.includes(schema.core.id);
  return complete ? { ...given, schemas: [...new Set([...schemas, ...extensions])] } : body;
}

function operation(table: SchemaTable, one: unknown): unknown {
  if (typeof one !== 'object' || one === null) return one;
  const { method, path, data } = one as Body;
  if (typeof method !== 'string' || typeof path !== 'string' || data === undefined) return one;
  return { ...one, data: wellFormed(table, method.toUpperCase(), path, data) };
}
