/** The images of token logos over HTTP: what everybody may fetch must not be able to do anything. */
import { type AddressInfo } from 'node:net';
import express from 'express';
import { createLogoRouter, LOGO_PATH } from '../../../src/token-logo-images';
import { PNG } from '../../support/certificates';
import { MemoryTokenLogoStore } from '../../support/memory-token-logos';

test('an image is served as what it is, and as nothing else', async () => {
  const logos = new MemoryTokenLogoStore();
  const { id } = await logos.insert({ name: 'Lion', type: 'image/png', image: PNG });
  const app = express().use(LOGO_PATH, createLogoRouter(logos));
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const fetched = await fetch(`http://127.0.0.1:${String(port)}/logos/${id}`);
  expect(fetched.status).toBe(200);
  expect(Buffer.from(await fetched.arrayBuffer()).equals(PNG)).toBe(true);
  expect(Object.fromEntries(fetched.headers)).toMatchObject({
    'content-type': 'image/png',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
  });
  for (const unknown of ['nothing', '..%2f..%2fetc%2fpasswd', `${id}x`]) {
    const missing = await fetch(`http://127.0.0.1:${String(port)}/logos/${unknown}`);
    expect(missing.status).toBe(404);
  }
  await new Promise((resolve) => server.close(resolve));
});
