import { type mongo } from 'mongoose';
import { type RunningServer, startServer } from './running-server';

const DOCUMENTS = 1000;
const TENANT = { tenant: 't', kind: 'user', live: true };

describe('the choice between indexes', () => {
  let running: RunningServer;
  let items: mongo.Collection;

  beforeAll(async () => {
    running = await startServer();
    items = running.db.collection('items');
    await items.createIndexes([
      { name: 'all', key: { tenant: 1, kind: 1, live: 1, _id: 1 } },
      {
        name: 'mails',
        key: { tenant: 1, mails: 1 },
        partialFilterExpression: { mails: { $exists: true } },
      },
    ]);
    await items.insertMany(
      Array.from({ length: DOCUMENTS }, (_, n) => ({
        ...TENANT,
        n,
        mails: [`m${n}`, n === 0 ? 'nobody else' : 'everybody'],
      })),
    );
  });
  afterAll(() => running.stop());

  async function indexFor(filter: object, sort: mongo.Sort = {}): Promise<string> {
    const { queryPlanner } = await items.find(filter).sort(sort).explain();
    return /"indexName":"(\w+)"/.exec(JSON.stringify(queryPlanner))?.[1] ?? 'none';
  }

  it('falls on the one with the fewest entries, whatever its form', async () => {
    expect(await indexFor({ ...TENANT, mails: 'm7' })).toBe('mails');
    expect(await indexFor({ ...TENANT, mails: 'm7' }, { _id: 1 })).toBe('mails');
    expect(await indexFor({ ...TENANT, mails: 'nobody at all' }, { _id: 1 })).toBe('mails');
  });

  it('falls on the better form where the entries are many', async () => {
    expect(await indexFor({ ...TENANT, mails: 'everybody' }, { _id: 1 })).toBe('all');
    expect(await indexFor({ ...TENANT, mails: { $gt: 'm' } })).toBe('all');
  });

  it('does not change the answer', async () => {
    expect(await items.countDocuments({ ...TENANT, mails: 'm7' })).toBe(1);
    expect(await items.countDocuments({ ...TENANT, mails: 'everybody' })).toBe(DOCUMENTS - 1);
    const few = { ...TENANT, $or: [{ mails: 'm7' }, { mails: 'm9' }] };
    const found = await items.find(few).sort({ _id: 1 }).toArray();
    expect(found.map(({ n }) => n as number)).toEqual([7, 9]);
  });
});
