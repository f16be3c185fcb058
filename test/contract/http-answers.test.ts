/** What the http connector makes of a service that refuses, breaks the protocol, or is somebody else. */
import http from 'node:http';
import https from 'node:https';
import { type AddressInfo } from 'node:net';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { connector as type } from '../../connectors/http';
import { lookup } from '../../connectors/http/address';
import { type Connector, type ConnectorError, type Entry } from '../../connectors/spi';
import { describeWith, freePort, run, temporaryFolder } from '../support/daemon';

type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void;

const secrets = { secret: 'the-secret-of-this-test' };
const call = { signal: new AbortController().signal };
const ref = { reference: 'u1', name: 'ada' };
const ada = { attributes: { name: ['ada'] }, active: true };
const entry = (id: string) => ({ id, name: id, attributes: {}, active: true });

let cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of cleanUp) await end();
  cleanUp = [];
});

function open(settings: object): Connector {
  const parsed = type.parse(settings, secrets);
  const connector = type.open(parsed.settings, parsed.secrets, {
    targetId: 'test',
    dataDir: '.',
    log: () => undefined,
  });
  cleanUp.push(() => connector.close());
  return connector;
}

async function listen(server: http.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A connector to a service that does as it is told. */
async function against(handler: Handler, settings: object = {}): Promise<Connector> {
  const port = await listen(http.createServer(handler));
  return open({ url: `http://127.0.0.1:${port}`, ...settings });
}

function answering(status: number, body: unknown = {}, headers: object = {}): Handler {
  return (request, response) => {
    request.resume();
    response.writeHead(status, { ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

async function failure(work: Promise<unknown>): Promise<ConnectorError> {
  return work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: ConnectorError) => {
      expect(error.name).toBe('ConnectorError');
      return error;
    },
  );
}

async function collect(entries: AsyncIterable<Entry>): Promise<string[]> {
  const references: string[] = [];
  for await (const { reference } of entries) references.push(reference);
  return references;
}

describe('what the http connector understands by', () => {
  it.each([
    [400, {}, 'invalid', 'none'],
    [401, {}, 'unavailable', 'none'],
    [403, {}, 'permission', 'none'],
    [404, { error: 'notFound' }, 'notFound', 'none'],
    [404, {}, 'unavailable', 'unknown'],
    [404, '<html>', 'unavailable', 'unknown'],
    [405, {}, 'unsupported', 'none'],
    [409, {}, 'conflict', 'none'],
    [422, { attribute: 'mail' }, 'invalid', 'none'],
    [429, {}, 'throttled', 'none'],
    [500, {}, 'unavailable', 'unknown'],
    [501, {}, 'unsupported', 'unknown'],
    [503, {}, 'unavailable', 'unknown'],
    [202, {}, 'unavailable', 'unknown'],
    [200, 'no JSON', 'unavailable', 'unknown'],
    [200, { id: 'u2', name: 'ada' }, 'unavailable', 'unknown'],
    [200, { id: '../u1', name: 'ada' }, 'unavailable', 'unknown'],
  ])('%i %j after a write: %s, outcome %s', async (status, body, kind, outcome) => {
    const connector = await against(answering(status, body));
    const error = await failure(connector.setActive('user', ref, false, call));
    expect(error).toMatchObject({ kind, outcome });
    if (kind === 'conflict') expect(error.attribute).toBe('name');
    if (status === 422) expect(error.attribute).toBe('mail');
  });

  it('a pause: as long as Retry-After says, in seconds or as a date', async () => {
    const inTenSeconds = new Date(Date.now() + 10_000).toUTCString();
    for (const [status, text] of [
      [429, '7'],
      [503, '7'],
      [429, inTenSeconds],
    ] as const) {
      const connector = await against(answering(status, {}, { 'retry-after': text }));
      const { kind, retryAfterMs } = await failure(connector.read('user', ref, call));
      expect(kind).toBe('throttled');
      expect(retryAfterMs).toBeGreaterThan(6_000);
      expect(retryAfterMs).toBeLessThanOrEqual(10_000);
    }
  });

  it('a 404 of something else: not that entries are gone', async () => {
    const connector = await against(answering(404, 'Not Found'));
    expect(await failure(connector.read('user', ref, call))).toMatchObject({ outcome: 'none' });
    expect(await failure(connector.remove('user', ref, call))).toMatchObject({
      kind: 'unavailable',
    });
  });

  it('a redirect: nothing to follow', async () => {
    let followed = 0;
    const elsewhere = await listen(http.createServer(() => (followed += 1)));
    const location = `http://127.0.0.1:${elsewhere}/users`;
    const connector = await against(answering(307, '', { location }));
    const error = await failure(connector.create('user', ada, 'owner', call));
    expect(error).toMatchObject({ kind: 'unavailable', outcome: 'unknown' });
    expect(error.message).toContain('redirects');
    expect(followed).toBe(0);
  });

  it('its words: shown short, and without the secret', async () => {
    const message = `${secrets.secret} is\nwrong ${'x'.repeat(500)}`;
    const connector = await against(answering(400, { message }));
    const error = await failure(connector.create('user', ada, 'owner', call));
    expect(error.message).toContain('*** is wrong');
    expect(error.message.length).toBeLessThan(300);
  });

  it('an answer without end, or of more than 8 MiB: an unknown outcome', async () => {
    const half = await against((_request, response) => {
      response.writeHead(201, { 'content-length': '100' });
      response.write('{"id":', () => response.destroy());
    });
    expect(await failure(half.create('user', ada, 'owner', call))).toMatchObject({
      kind: 'unavailable',
      outcome: 'unknown',
    });
    const long = await against((_request, response) => {
      response.on('error', () => undefined);
      const more = (): unknown => response.write(Buffer.alloc(1 << 20), () => setImmediate(more));
      more();
    });
    expect((await failure(long.create('user', ada, 'owner', call))).message).toContain('8 MiB');
  });

  it('silence: the end of its own time, and an unknown outcome', async () => {
    const connector = await against(() => undefined, { timeoutSeconds: 0.2 });
    const create = connector.create('user', ada, 'owner', call);
    expect(await failure(create)).toMatchObject({ kind: 'timeout', outcome: 'unknown' });
  });

  it('a closed port: that nothing has happened', async () => {
    const connector = open({ url: `http://127.0.0.1:${await freePort()}` });
    const create = connector.create('user', ada, 'owner', call);
    expect(await failure(create)).toMatchObject({ kind: 'unavailable', outcome: 'none' });
  });
});

describe('lists of the http connector', () => {
  const paged = (pages: Record<string, unknown>): Handler => {
    return (request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://service');
      response.end(JSON.stringify(pages[searchParams.get('after') ?? '']));
    };
  };

  it('go on after an empty page', async () => {
    const pages = { '': { entries: [], next: 'a' }, a: { entries: [entry('1')], next: null } };
    const connector = await against(paged(pages));
    expect(await collect(connector.list('user', call))).toEqual(['1']);
  });

  it.each([
    ['a page does not say whether it is the last', { '': { entries: [] } }],
    ['a cursor comes again', { '': { entries: [], next: 'a' }, a: { entries: [], next: 'a' } }],
    [
      'an entry comes again',
      { '': { entries: [entry('1')], next: 'a' }, a: { entries: [entry('1')], next: null } },
    ],
    ['an entry is malformed', { '': { entries: [{ id: '1', name: '1' }], next: null } }],
    [
      'a user does not say whether it is active',
      {
        '': { entries: [{ id: '1', name: '1', attributes: {} }], next: null },
      },
    ],
  ])('throw when %s', async (_when, pages) => {
    const connector = await against(paged(pages));
    expect(await failure(collect(connector.list('user', call)))).toMatchObject({
      kind: 'unavailable',
    });
  });

  it('of correlation leave out what does not match, from a service that does not search', async () => {
    const connector = await against(
      answering(200, { entries: [entry('1'), entry('2')], next: null }),
    );
    const found = await connector.correlate('user', [{ attribute: 'name', value: '2' }], call);
    expect(found.map(({ reference }) => reference)).toEqual(['2']);
  });
});

describe('members of the http connector', () => {
  it('are of unknown outcome when a later chunk fails, whatever it fails with', async () => {
    let requests = 0;
    const connector = await against(
      (request, response) => {
        requests += 1;
        answering(requests === 1 ? 200 : 429, { id: 'g1', name: 'staff' })(request, response);
      },
      { memberChunk: 1 },
    );
    const add = [ref, { reference: 'u2', name: 'bob' }];
    const error = await failure(
      connector.members({ reference: 'g1', name: 'staff' }, { add, remove: [] }, call),
    );
    expect(error).toMatchObject({ kind: 'throttled', outcome: 'unknown' });
  });
});

describe('the test of the http connector', () => {
  const described = { protocol: 'usher-http-1', user: [] };

  it('says that a service does not tell what is gone', async () => {
    const connector = await against((request, response) => {
      const path = request.url ?? '';
      if (path === '/schema') answering(200, described)(request, response);
      else if (path.includes('?')) answering(200, { entries: [], next: null })(request, response);
      else answering(404, 'Not Found')(request, response);
    });
    const steps = await connector.test(call);
    expect(steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'connect ok',
      'users ok',
      'groups ok',
      'gone failed',
    ]);
    expect(steps.at(-1)?.remedy).toBeDefined();
  });

  it('knows a service that speaks something else', async () => {
    const connector = await against(answering(200, { ...described, protocol: 'other' }));
    expect(await connector.test(call)).toMatchObject([{ name: 'connect', state: 'failed' }]);
  });
});

describe('settings of the http connector', () => {
  it('allow http:// to this host, and to others only when told so', () => {
    for (const url of ['http://127.0.0.1:1', 'http://[::1]', 'http://localhost/x']) {
      expect(type.parse({ url }, secrets).settings.url).toBe(url);
    }
    const url = 'http://10.0.0.1/usher';
    expect(() => type.parse({ url }, secrets)).toThrow('settings.url');
    expect(type.parse({ url, allowHttp: true }, secrets).settings.allowHttp).toBe(true);
  });

  it.each([
    'http://169.254.169.254/',
    'https://2852039166/',
    'https://[::ffff:169.254.169.254]/',
    'https://[fe80::1]/',
    'https://0.0.0.0/',
  ])('refuse %s, where no service stands', (url) => {
    expect(() => type.parse({ url, allowHttp: true }, secrets)).toThrow('link-local');
  });

  it('refuse a name that leads there, at the time it is looked up', async () => {
    const code = await new Promise((resolve) => {
      lookup('169.254.169.254', {}, (error) => resolve(error?.code));
    });
    expect(code).toBe('USHER_FORBIDDEN_ADDRESS');
  });

  it('tell everything that is wrong at once, and no secret', () => {
    const wrong = { url: 'http://app.example.com', timeoutSeconds: 'x' };
    const tried = (): unknown => type.parse(wrong, { secret: 'line\r\nbreak' });
    expect(tried).toThrow(/timeoutSeconds.*settings\.url.*secrets\.secret/s);
    expect(tried).not.toThrow(/break/);
  });
});

const openssl = { program: 'openssl', package: 'openssl', paths: ['/usr/bin/openssl'] };

describeWith([openssl], 'TLS of the http connector', () => {
  it('trusts the certificate authority in its settings and no other', async () => {
    const folder = temporaryFolder();
    cleanUp.push(async () => folder.remove());
    const made = async (name: string): Promise<{ key: string; cert: string }> => {
      mkdirSync(path.join(folder.path, name));
      const [key = '', cert = ''] = ['key.pem', 'cert.pem'].map((file) =>
        path.join(folder.path, name, file),
      );
      const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
      const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
      await run('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, ...subject]);
      return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    };
    const server = await made('server');
    const other = await made('other');
    const requests: string[] = [];
    const port = await listen(
      https.createServer(server, (request, response) => {
        requests.push(request.url ?? '');
        answering(201, { id: 'u1', name: 'ada' })(request, response);
      }),
    );
    const url = `https://localhost:${port}`;
    const create = (settings: object): Promise<unknown> =>
      open({ url, ...settings }).create('user', ada, 'owner', call);

    for (const settings of [{}, { ca: other.cert }]) {
      const error = await failure(create(settings));
      expect(error).toMatchObject({ kind: 'unavailable', outcome: 'none' });
      expect(error.message).toContain('not trusted');
    }
    expect(requests).toEqual([]);
    expect(await create({ ca: server.cert })).toMatchObject({ reference: 'u1' });
  });
});
