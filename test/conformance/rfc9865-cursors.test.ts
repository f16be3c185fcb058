/** Cursor-based pagination (RFC 9865), on every endpoint that lists. */
import { randomUUID } from 'node:crypto';
import { type ListPosition } from '../../src/domain/ports';
import { Cursors, CURSOR_TIMEOUT } from '../../src/scim/cursor';
import { startConformanceServer } from '../support/conformance-server';
import { type ScimAnswer, type ScimServer } from '../support/scim-server';

let scim: ScimServer;
let other: ScimServer;
const names = Array.from({ length: 25 }, (_, index) => `user${String(index).padStart(2, '0')}`);

beforeAll(async () => {
  scim = await startConformanceServer();
  other = await startConformanceServer();
  for (const [index, userName] of names.entries()) {
    await scim.request('POST', '/Users', {
      userName,
      // Every third has none, and some share theirs.
      ...(index % 3 === 0 ? {} : { title: `t${String(index % 4)}` }),
      active: index % 2 === 0,
    });
  }
  for (let index = 0; index < 5; index += 1) {
    await scim.request('POST', '/Groups', { displayName: `Group ${String(index)}` });
  }
});

afterAll(async () => {
  await scim.close();
  await other.close();
});

interface Walk {
  readonly pages: readonly ScimAnswer[];
  readonly names: readonly string[];
}

/** Follows the cursors from the first page to the last. */
async function walk(path: string, between: () => Promise<void> = async () => {}): Promise<Walk> {
  const pages: ScimAnswer[] = [];
  let cursor: string | undefined = '';
  while (cursor !== undefined) {
    expect(cursor).toMatch(/^[A-Za-z0-9_-]*$/);
    const page = await scim.request(
      'GET',
      `${path}${path.includes('?') ? '&' : '?'}cursor=${cursor}`,
    );
    expect([page.status, page.text]).toEqual([200, expect.any(String)]);
    expect(page.body.itemsPerPage).toBe(page.body.Resources.length);
    expect(page.body).not.toHaveProperty('startIndex');
    pages.push(page);
    cursor = page.body.nextCursor;
    await between();
  }
  const resources = pages.flatMap(({ body }) => body.Resources);
  return { pages, names: resources.map((one) => one.userName ?? one.displayName) };
}

async function code(path: string, server = scim): Promise<string> {
  const { status, body } = await server.request('GET', path);
  return `${String(status)} ${String(body.scimType)}`;
}

test('9865-2-3, 9865-2-4, 9865-2-5 a walk sees every resource once, in the order of creation, and ends without a cursor', async () => {
  const { pages, names: seen } = await walk('/Users?count=10');
  expect(seen).toEqual(names);
  expect(pages.map(({ body }) => [body.totalResults, body.itemsPerPage])).toEqual([
    [25, 10],
    [25, 10],
    [25, 5],
  ]);
});

test('9865-2-5 no cursor follows a page that happens to be full and the last', async () => {
  const { pages } = await walk('/Users?count=5');
  expect(pages.map(({ body }) => body.itemsPerPage)).toEqual([5, 5, 5, 5, 5]);
});

test('9865-2.4-1 without the parameter, pages go by index and have no cursor', async () => {
  const { body } = await scim.request('GET', '/Users?count=10');
  expect(body).toMatchObject({ startIndex: 1, itemsPerPage: 10, totalResults: 25 });
  expect(body).not.toHaveProperty('nextCursor');
});

test('9865-2-1 the first page may be asked for by the name of the parameter alone', async () => {
  const { body } = await scim.request('GET', '/Users?count=10&cursor');
  expect(body.nextCursor).toEqual(expect.any(String));
});

test('.search takes and gives cursors', async () => {
  const first = await scim.request('POST', '/Users/.search', { cursor: '', count: 20 });
  expect(first.body.Resources).toHaveLength(20);
  const cursor = first.body.nextCursor;
  const second = await scim.request('POST', '/Users/.search', { cursor, count: 20 });
  expect(second.body.Resources.map((one: { userName: string }) => one.userName)).toEqual(
    names.slice(20),
  );
});

test.each([
  ['title', 'ascending'],
  ['title', 'descending'],
  ['userName', 'descending'],
  ['active', 'ascending'],
  ['meta.lastModified', 'descending'],
  ['id', 'descending'],
])('a walk sorted by %s, %s, is the list by index in pages', async (sortBy, sortOrder) => {
  const path = `/Users?sortBy=${sortBy}&sortOrder=${sortOrder}`;
  const { body } = await scim.request('GET', path);
  const whole = body.Resources.map((one: { userName: string }) => one.userName);
  expect(new Set(whole).size).toBe(25);
  expect((await walk(`${path}&count=4`)).names).toEqual(whole);
});

test('a walk keeps to the filter', async () => {
  const filter = encodeURIComponent('active eq true and userName co "1"');
  const { names: seen, pages } = await walk(`/Users?filter=${filter}&count=2`);
  expect(seen).toEqual(['user10', 'user12', 'user14', 'user16', 'user18']);
  expect(pages[0]?.body.totalResults).toBe(5);
});

test('the root and its .search have cursors that go on from one type to the next', async () => {
  const { names: seen, pages } = await walk('/?count=7');
  expect(seen).toEqual([...names, ...[0, 1, 2, 3, 4].map((n) => `Group ${String(n)}`)]);
  expect(pages[0]?.body.totalResults).toBe(30);
  const sorted = await walk('/?count=7&sortBy=displayName');
  expect(sorted.names.slice(0, 5)).toEqual([0, 1, 2, 3, 4].map((n) => `Group ${String(n)}`));
  expect(new Set(sorted.names).size).toBe(30);
  const first = await scim.request('POST', '/.search', { cursor: '', count: 29 });
  const cursor = first.body.nextCursor;
  const second = await scim.request('POST', '/.search', { cursor, count: 29 });
  expect(second.body.Resources).toMatchObject([{ displayName: 'Group 4' }]);
});

test('the members of a group are walked through in their own list', async () => {
  const users = (await scim.request('GET', '/Users?count=12')).body.Resources;
  const members = users.map(({ id }: { id: string }) => ({ value: id }));
  const group = await scim.request('POST', '/Groups', { displayName: 'Walked', members });
  const filter = encodeURIComponent(`groups.value eq "${group.body.id}"`);
  const { names: seen, pages } = await walk(`/Users?filter=${filter}&count=5`);
  expect(seen).toEqual(names.slice(0, 12));
  expect(pages.map(({ body }) => body.totalResults)).toEqual([12, 12, 12]);
  await scim.request('DELETE', `/Groups/${String(group.body.id)}`);
});

test('who comes and goes during a walk never hides anybody else', async () => {
  const path = '/Users?count=5&sortBy=userName';
  let round = 0;
  const { names: seen } = await walk(path, async () => {
    round += 1;
    // One before and one behind wherever the walk is, and one of those already seen leaves.
    await scim.request('POST', '/Users', { userName: `aaa${String(round)}` });
    await scim.request('POST', '/Users', { userName: `zzz${String(round)}` });
    if (round > 1) return;
    const filter = encodeURIComponent('userName eq "user03"');
    const found = await scim.request('GET', `/Users?filter=${filter}`);
    await scim.request('DELETE', `/Users/${String(found.body.Resources[0].id)}`);
  });
  expect(seen.filter((name) => name.startsWith('user'))).toEqual(names);
  expect(new Set(seen).size).toBe(seen.length);
});

describe('errors', () => {
  const path = '/Users?filter=active%20eq%20true&count=3';
  let cursor: string;

  beforeAll(async () => {
    cursor = (await scim.request('GET', `${path}&cursor`)).body.nextCursor;
  });

  test('9865-5.2-3 invalidCursor for what was made up, cut or changed', async () => {
    const flipped = `${cursor.slice(0, -1)}${cursor.endsWith('A') ? 'B' : 'A'}`;
    for (const wrong of [
      'x',
      'null',
      '1',
      cursor.slice(0, -5),
      `${cursor}AAAA`,
      'A'.repeat(9000),
    ]) {
      expect(await code(`${path}&cursor=${wrong}`)).toBe('400 invalidCursor');
    }
    // The last character may hold bits that mean nothing.
    expect(['400 invalidCursor', '200 undefined']).toContain(
      await code(`${path}&cursor=${flipped}`),
    );
  });

  test.each([
    '/Users?filter=active%20eq%20false&count=3',
    '/Users?count=3',
    '/Users?filter=active%20eq%20true&count=3&sortBy=userName',
    '/Users?filter=active%20eq%20true&count=3&sortOrder=descending',
    '/Groups?filter=active%20eq%20true&count=3',
    '/?filter=active%20eq%20true&count=3',
  ])('invalidCursor for another list: %s', async (changed) => {
    expect(await code(`${changed}&cursor=${cursor}`)).toBe('400 invalidCursor');
  });

  test('9865-5.2-1, 9865-5.2-2, 9865-5.2-3 invalidCursor for the same list of another rule', async () => {
    expect(await code(`${path}&cursor=${cursor}`)).toBe('200 undefined');
    expect(await code(`${path}&cursor=${cursor}`, other)).toBe('400 invalidCursor');
  });

  test('invalidCount for another count, and for what is no number', async () => {
    const changed = path.replace('count=3', 'count=4');
    expect(await code(`${changed}&cursor=${cursor}`)).toBe('400 invalidCount');
    expect(await code(`/Users?cursor&count=x`)).toBe('400 invalidCount');
  });

  test('both kinds of page at once are refused', async () => {
    expect(await code('/Users?cursor&startIndex=1')).toBe('400 invalidValue');
  });

  test('expiredCursor after the time that is announced', () => {
    let now = 0;
    const cursors = new Cursors(Buffer.alloc(32, 7), () => now);
    const context = { query: [randomUUID()], count: 10 };
    const position: ListPosition = { part: 0, id: 'x' };
    const sealed = cursors.seal(position, context);
    now = CURSOR_TIMEOUT * 1000;
    expect(cursors.open(sealed, context)).toEqual(position);
    now += 1;
    expect(() => cursors.open(sealed, context)).toThrow(
      expect.objectContaining({ code: 'expiredCursor' }),
    );
  });
});

test('9865-2-2 counts of zero and less ask for the total only, larger ones than the maximum for the maximum', async () => {
  for (const count of [0, -1]) {
    const { body } = await scim.request('GET', `/Users?cursor&count=${String(count)}`);
    expect(body.Resources).toEqual([]);
    expect(body.totalResults).toBeGreaterThan(20);
    expect(body).not.toHaveProperty('nextCursor');
  }
  const { body } = await scim.request('GET', '/Users?cursor&count=5000');
  expect(body.itemsPerPage).toBe(body.totalResults);
});

test('a cursor says nothing of the values it holds, and stays short', async () => {
  const { body } = await scim.request('GET', '/Users?cursor&count=3&sortBy=userName');
  expect(Buffer.from(body.nextCursor, 'base64url').toString('latin1')).not.toContain('aaa');
  expect(body.nextCursor.length).toBeLessThan(300);
  const long = 'x'.repeat(2000);
  const { body: user } = await other.request('POST', '/Users', { userName: 'a', title: long });
  await other.request('POST', '/Users', { userName: 'b', title: `${long}y` });
  expect(await code('/Users?cursor&count=1&sortBy=title', other)).toBe('400 invalidValue');
  await other.request('DELETE', `/Users/${String(user.id)}`);
});

test('9865-4-1, 9865-4-2 what is announced', async () => {
  const { body } = await scim.request('GET', '/ServiceProviderConfig');
  expect(body.pagination).toEqual({
    cursor: true,
    index: true,
    defaultPaginationMethod: 'index',
    defaultPageSize: 100,
    maxPageSize: 1000,
    cursorTimeout: CURSOR_TIMEOUT,
  });
});
