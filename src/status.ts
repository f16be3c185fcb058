/** What a load balancer, an orchestrator and a curious person ask of the process (design 5.2). */
import express, { type Router } from 'express';

export interface StatusDependencies {
  readonly isReady: () => Promise<boolean>;
  readonly version: string;
}

/** `/healthz`: the process lives. `/readyz`: the database answers. `/`: one page for people. */
export function createStatusRouter({ isReady, version }: StatusDependencies): Router {
  const router = express.Router();
  router.get('/healthz', (_request, response) => {
    response.type('text/plain').send('ok\n');
  });
  router.get('/readyz', async (_request, response) => {
    const ready = await isReady();
    response
      .status(ready ? 200 : 503)
      .type('text/plain')
      .send(ready ? 'ready\n' : 'the database does not answer\n');
  });
  router.get('/', async (_request, response) => {
    response.type('text/html').send(page(version, await isReady()));
  });
  return router;
}

function page(version: string, ready: boolean): string {
  const state = ready ? 'Ready.' : 'Not ready: the database does not answer.';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Usher</title>
<h1>Usher ${version}</h1>
<p>${state}</p>
<ul>
<li><code>/scim/v2</code>: SCIM 2.0 for identity providers, with a sync rule's secret token.</li>
<li><code>/graphql</code>: GraphQL for administrators, with an API key.</li>
<li><code>/healthz</code>, <code>/readyz</code>: health.</li>
</ul>
</html>
`;
}
