/** What counts as an outage of the database, and that nobody waits for one that lasts. */
import { EventEmitter } from 'node:events';
import { type Connection, mongo } from 'mongoose';
import { DomainError, StoreUnavailable } from '../../../src/domain/error';
import { Outages } from '../../../src/store/outage';

class Repository {
  calls = 0;

  constructor(private readonly error?: unknown) {}

  async find(): Promise<string> {
    this.calls += 1;
    if (this.error !== undefined) throw this.error as Error;
    return 'found';
  }

  name(): string {
    return 'repository';
  }
}

const client = new EventEmitter();
const outages = new Outages({ getClient: () => client } as unknown as Connection);
const topology = (hasKnownServers: boolean): boolean =>
  client.emit('topologyDescriptionChanged', { newDescription: { hasKnownServers } });

const broken = Object.assign(new Error('write EPIPE'), { syscall: 'write', errno: -32 });
const cutOff = Object.create(mongo.MongoBulkWriteError.prototype) as mongo.MongoBulkWriteError;
cutOff.writeErrors = [];

afterEach(() => {
  jest.restoreAllMocks();
  topology(true);
});

test.each<[string, unknown]>([
  ['a connection that broke', new mongo.MongoNetworkError('closed')],
  ['an answer that did not come', new mongo.MongoUnexpectedServerResponseError('none')],
  ['a socket that broke', broken],
  ['a bulk write that was cut off', cutOff],
  ['a member that steps down', new mongo.MongoServerError({ message: 'x', code: 10_107 })],
])('%s is an outage', async (_, error) => {
  const rejection = outages.reported(new Repository(error)).find();
  await expect(rejection).rejects.toBeInstanceOf(StoreUnavailable);
  await expect(rejection).rejects.toMatchObject({ code: 'unavailable', cause: error });
});

test.each<[string, unknown]>([
  ['a value that is taken', new mongo.MongoServerError({ message: 'x', code: 11_000 })],
  ['a defect', new TypeError('x')],
  ['what a client can mend', new DomainError('conflict', 'x')],
])('%s is none', async (_, error) => {
  await expect(outages.reported(new Repository(error)).find()).rejects.toBe(error);
});

test('repositories in objects are reported on too, and what is none stays as it is', async () => {
  const now = (): number => 7;
  const all = outages.reportedAll({
    plain: new Repository(),
    audit: { trail: new Repository(broken) },
    now,
  });
  expect(all.now).toBe(now);
  expect(all.plain.name()).toBe('repository');
  await expect(all.plain.find()).resolves.toBe('found');
  await expect(all.audit.trail.find()).rejects.toBeInstanceOf(StoreUnavailable);
});

test('nobody waits for a database that has been away for five seconds, and all go on when it is back', async () => {
  const clock = jest.spyOn(performance, 'now').mockReturnValue(1_000);
  const repository = new Repository();
  const reported = outages.reported(repository);
  topology(false);
  clock.mockReturnValue(5_900);
  await expect(reported.find()).resolves.toBe('found');
  topology(false);
  clock.mockReturnValue(6_100);
  await expect(reported.find()).rejects.toBeInstanceOf(StoreUnavailable);
  expect(repository.calls).toBe(1);
  topology(true);
  await expect(reported.find()).resolves.toBe('found');
});
