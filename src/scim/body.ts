/** The body of a request, as JSON. */
import { isUtf8 } from 'node:buffer';
import express, { type Request, type Response } from 'express';
import { DomainError } from '../domain/error';
import { UnsupportedMediaType } from './error';

/** Bytes of a body, as sent and as inflated. */
export const MAX_BODY = 1024 * 1024;
/** Of a group, whose members may be 100,000 and are about 130 bytes each when they are sent back as they were read. */
export const MAX_GROUP_BODY = 16 * MAX_BODY;

const ACCEPTED: ReadonlySet<string> = new Set(['application/scim+json', 'application/json']);

const options = {
  strict: false,
  type: () => true,
  // Decoded all the same, different names would become one.
  verify: (_request: unknown, _response: unknown, body: Buffer, encoding: string): void => {
    if (encoding === 'utf-8' && !isUtf8(body)) {
      throw new DomainError('invalidSyntax', 'The body is not valid UTF-8.');
    }
  },
};
const parseUsual = express.json({ ...options, limit: MAX_BODY });
const parseGroup = express.json({ ...options, limit: MAX_GROUP_BODY });

/** Undefined when there is none. Rejects with an error {@link errorResponse} of `error.ts` knows. */
export function readBody(
  request: Request,
  response: Response,
  { limit, untyped }: { readonly limit: number; readonly untyped: boolean },
): Promise<unknown> {
  const [first = ''] = (request.headers['content-type'] ?? '').split(';');
  const type = first.trim().toLowerCase();
  if (!(type === '' && untyped) && !ACCEPTED.has(type)) {
    return Promise.reject(new UnsupportedMediaType(type));
  }
  return new Promise((resolve, reject) => {
    const parse = limit === MAX_GROUP_BODY ? parseGroup : parseUsual;
    parse(request, response, (error?: unknown) => {
      if (error instanceof Error) reject(error);
      else resolve(request.body);
    });
  });
}
