import net from 'node:net';
import { type Listener, listen } from '../../../src/listen';

/** Sends bytes and answers everything that comes back until the server closes. */
function exchange(url: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(bytes));
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer));
    // The server may close while the rest of a request that is too long is still on its way.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
    });
  });
}

describe('the listening socket', () => {
  let listener: Listener;
  beforeAll(async () => {
    listener = await listen({ host: '127.0.0.1', port: 0 });
    listener.serve((request, response) => response.end(`${request.url?.length ?? 0}`));
  });
  afterAll(() => listener.close(100));

  const request = (target: string, headers = ''): string =>
    `GET ${target} HTTP/1.1\r\nHost: usher\r\nConnection: close\r\n${headers}\r\n`;

  it('takes a URL with the longest filter, percent-encoded', async () => {
    const url = `/scim/v2/Users?filter=${'%22'.repeat(8192)}`;
    expect(await exchange(listener.url, request(url))).toMatch(new RegExp(`${url.length}$`));
  });

  it.each([
    ['a URL that is too long', request(`/${'a'.repeat(70_000)}`), 431],
    ['headers that are too long', request('/', `X-Long: ${'a'.repeat(70_000)}\r\n`), 431],
    ['something that is not HTTP', 'EHLO usher\r\n\r\n', 400],
    ['a header without a name', request('/', ': x\r\n'), 400],
    ['two lengths', request('/', 'Content-Length: 1\r\nContent-Length: 2\r\n'), 400],
  ])(
    'answers %s with a SCIM error, and the next request as usual',
    async (_name, bytes, status) => {
      const answer = await exchange(listener.url, bytes);
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(answer).toContain('Content-Type: application/scim+json\r\n');
      const body: unknown = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
      expect(body).toEqual({
        schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
        status: String(status),
        detail: expect.stringMatching(/\w+/),
      });
      expect(await exchange(listener.url, request('/'))).toContain('200 OK');
    },
  );
});
