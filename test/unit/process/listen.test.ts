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

  /** Java's HTTP client offers h2c with the first request of a connection (RFC 9110 section 7.8). */
  const h2c = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n';

  it('answers requests that offer another protocol as any other, with their bodies', async () => {
    const socketOffer = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
    const upgraded: string[] = [];
    const other = await listen({ host: '127.0.0.1', port: 0 });
    other.serve(
      (request, response) => {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => response.setHeader('connection', 'close').end(`got <${body}>`));
      },
      {
        upgrade: (request, socket) => {
          upgraded.push(request.url ?? '');
          socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n');
        },
        closing: () => undefined,
      },
    );
    const get = `GET /scim HTTP/1.1\r\nHost: usher\r\n${h2c}\r\n`;
    expect(await exchange(other.url, get)).toMatch(/^HTTP\/1.1 200 [\s\S]*got <>/);
    const post = `POST /scim HTTP/1.1\r\nHost: usher\r\nContent-Length: 5\r\n${h2c}\r\nhello`;
    expect(await exchange(other.url, post)).toMatch(/^HTTP\/1.1 200 [\s\S]*got <hello>/);
    const socket = `GET /graphql HTTP/1.1\r\nHost: usher\r\n${socketOffer}\r\n`;
    expect(await exchange(other.url, socket)).toMatch(/^HTTP\/1.1 101 /);
    expect(upgraded).toEqual(['/graphql']);
    await other.close(100);
  });

  it('ends as soon as the last answer is sent, whatever connections are kept alive', async () => {
    const other = await listen({ host: '127.0.0.1', port: 0 });
    let finish: () => void = () => undefined;
    other.serve((_request, response) => {
      response.write('begun');
      finish = () => response.end();
    });
    const socket = net.connect(Number(new URL(other.url).port), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: usher\r\n\r\n');
    await new Promise((resolve) => socket.once('data', resolve));
    const begun = performance.now();
    const closed = other.close(20_000);
    setTimeout(() => finish(), 50);
    await closed;
    expect(performance.now() - begun).toBeLessThan(5_000);
    socket.destroy();
  });

  it('has no WebSockets before somebody takes them', async () => {
    const socket =
      'GET /graphql HTTP/1.1\r\nHost: usher\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    expect(await exchange(listener.url, socket)).toMatch(/^HTTP\/1.1 503 /);
  });
});
