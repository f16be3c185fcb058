/** The body of a request, as JSON. */
import express, { type Request, type Response } from 'express';
import { UnsupportedMediaType } from './error';

/** Of the body as sent and as inflated. */
const MAX_BYTES = 1024 * 1024;

const ACCEPTED: ReadonlySet<string> = new Set(['application/scim+json', 'application/json', '']);

const parse = express.json({ limit: MAX_BYTES, strict: false, type: () => true });

/** Undefined when there is none. Rejects with an error {@link errorResponse} of `error.ts` knows. */
export function readBody(request: Request, response: Response): Promise<unknown> {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  if (!ACCEPTED.has(type.trim().toLowerCase())) {
    return Promise.reject(new UnsupportedMediaType(type.trim()));
  }
  return new Promise((resolve, reject) => {
    parse(request, response, (error?: unknown) => {
      if (error instanceof Error) reject(error);
      else resolve(request.body);
    });
  });
}
