/** The images of token logos, for whoever shows a token: they are no secret, and nothing else is served here. */
import express, { type Router } from 'express';
import { type TokenLogoStore } from './domain/token-logo';

/** Where the router is mounted. */
export const LOGO_PATH = '/logos';

/** What the bytes are was found out when they came; a browser must neither guess again nor run anything in them. */
const HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; sandbox",
  'Content-Disposition': 'inline',
  'Cross-Origin-Resource-Policy': 'cross-origin',
  // Another image is another logo.
  'Cache-Control': 'public, max-age=86400, immutable',
} as const;

export function createLogoRouter(logos: Pick<TokenLogoStore, 'image'>): Router {
  const router = express.Router();
  router.get('/:id', async (request, response) => {
    const found = await logos.image(request.params.id);
    if (found === undefined) {
      response.status(404).type('text/plain').send('There is no such logo.\n');
      return;
    }
    response.set(HEADERS).type(found.type).send(found.image);
  });
  return router;
}
