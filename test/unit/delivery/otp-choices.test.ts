/** One-time password methods: who gets which, and that no token is ever lost or given twice (requirement A4). */
import { type DeliveryEngine } from '../../../src/delivery/engine';
import { type Resource } from '../../../src/domain/resource';
import { type RuleValues } from '../../../src/domain/rule-values';
import { standardSchemas } from '../../../src/domain/standard-schemas';
import { type SyncRule } from '../../../src/domain/sync-rule';
import { FakeDirectory } from '../../support/fake-connector';
import { until } from '../../support/daemon';
import { World } from './world';

const users = standardSchemas.get('User')!;
let world: World;
beforeAll(async () => (world = await World.open('otp_choices')));
afterEach(() => world.clear());
afterAll(() => world.close());

async function ruleWith(values: Partial<RuleValues>): Promise<SyncRule> {
  const directory = new FakeDirectory();
  const targetId = await world.target(directory);
  const userMapping = ['uid <- userName', 'cn <- default(otpMethod, "-")', 'sn <- tokenSerial'].map(
    (line) => {
      const [attribute = '', expression = ''] = line.split(' <- ');
      return { attribute, expression, apply: 'AUTHORITATIVE' as const };
    },
  );
  const rule = await world.rule({ targetId, userMapping });
  return change(rule, values);
}

async function change(rule: SyncRule, values: Partial<RuleValues>): Promise<SyncRule> {
  const change = { ...values, valuesChangedAt: new Date() };
  const changed = await world.store.syncRules.update(rule, change);
  if (!changed) throw new Error('The rule has changed');
  return changed;
}

async function add(
  { id: ruleId }: SyncRule,
  engine: DeliveryEngine,
  userName: string,
  more = {},
): Promise<Resource> {
  const user = await world.store.resources.insert(
    { ruleId, resourceType: 'User', attributes: { userName, active: true, ...more } },
    users,
  );
  engine.changeListener.resourceChanged(user);
  return user;
}

async function choiceOf(user: Resource): Promise<Resource['otp']> {
  return (await world.store.resources.findAll([user.id]))[0]?.otp;
}

function chosen(user: Resource, expected: Resource['otp']): Promise<void> {
  return until(`${JSON.stringify(expected)}`, async () => {
    const choice = await choiceOf(user);
    return JSON.stringify(choice) === JSON.stringify(expected);
  });
}

async function holders(rule: SyncRule): Promise<Record<string, string | undefined>> {
  const { items } = await world.store.tokens.list({ ruleId: rule.id, limit: 100 });
  return Object.fromEntries(items.map(({ serial, userId }) => [serial, userId]));
}

const email = { emails: [{ type: 'work', value: 'kit@example.com' }] };
const mobile = { phoneNumbers: [{ type: 'mobile', value: '+1 555 0199' }] };

test('a user has the first method of the list that suits, and the list decides anew', async () => {
  const rule = await ruleWith({ otpMethods: ['DUAL', 'SMS', 'EMAIL'] });
  const engine = world.start();
  const kit = await add(rule, engine, 'kit', email);
  const rosa = await add(rule, engine, 'rosa', { ...email, ...mobile });
  const ada = await add(rule, engine, 'ada');
  await chosen(kit, { method: 'EMAIL' });
  await chosen(rosa, { method: 'DUAL' });
  await chosen(ada, { missing: true });
  const missing = { resourceType: 'User', ruleId: rule.id, otpMissing: true, limit: 10 };
  const { items } = await world.store.resources.list(missing);
  expect(items.map(({ id }) => id)).toEqual([ada.id]);

  const changed = await change(rule, { otpMethods: ['EMAIL', 'NONE'] });
  await chosen(rosa, { method: 'EMAIL' });
  await chosen(ada, { method: 'NONE' });
  await change(changed, { otpMethods: [] });
  await chosen(rosa, undefined);
  await engine.idle();
});

test('tokens go to those who come first, and on to those who wait', async () => {
  const rule = await ruleWith({ otpMethods: ['FTC_HARDWARE', 'NONE'] });
  await world.store.tokens.add(rule.id, [{ serial: 'H1', kind: 'HARDWARE' }]);
  const engine = world.start();
  const kit = await add(rule, engine, 'kit');
  await chosen(kit, { method: 'FTC_HARDWARE', tokenSerial: 'H1' });
  const rosa = await add(rule, engine, 'rosa');
  await chosen(rosa, { method: 'NONE', waitingFor: ['HARDWARE'] });

  await world.store.resources.remove(kit, kit.id);
  engine.changeListener.resourceChanged(kit);
  await chosen(rosa, { method: 'FTC_HARDWARE', tokenSerial: 'H1' });
  expect(await holders(rule)).toEqual({ H1: rosa.id });

  const { items } = await world.store.tokens.list({ ruleId: rule.id, limit: 1 });
  await world.store.tokens.retire(items[0]?.id ?? '');
  await chosen(rosa, { method: 'NONE', waitingFor: ['HARDWARE'] });
  await until('the token is gone', async () => Object.keys(await holders(rule)).length === 0);
  await engine.idle();
});

test('many processes never give one token to two users, nor two tokens to one', async () => {
  const rule = await ruleWith({ otpMethods: ['FTC_MOBILE', 'NONE'] });
  const serials = Array.from({ length: 10 }, (_, index) => `M${String(index)}`);
  await world.store.tokens.add(
    rule.id,
    serials.map((serial) => ({ serial, kind: 'MOBILE' })),
  );
  const engines = [world.start(), world.start(), world.start()];
  const made = await Promise.all(
    Array.from({ length: 15 }, async (_, index) => {
      const user = await add(rule, engines[index % 3]!, `user${String(index)}`);
      for (const engine of engines) engine.changeListener.resourceChanged(user);
      return user;
    }),
  );
  await until('a choice for all', async () =>
    (await Promise.all(made.map(choiceOf))).every((choice) => choice?.method !== undefined),
  );
  for (const engine of engines) await engine.idle();
  const choices = await Promise.all(made.map(choiceOf));
  const given = choices.flatMap((choice) => choice?.tokenSerial ?? []);
  expect([...given].sort()).toEqual(serials);
  const held = Object.entries(await holders(rule));
  for (const [serial, userId] of held) {
    const index = made.findIndex(({ id }) => id === userId);
    expect(choices[index]?.tokenSerial).toBe(serial);
  }
});

test('a token that somebody took and did not live to write down is given back', async () => {
  const rule = await ruleWith({ otpMethods: ['FTC_MOBILE', 'NONE'] });
  await world.store.tokens.add(rule.id, [
    { serial: 'M1', kind: 'MOBILE' },
    { serial: 'M2', kind: 'MOBILE' },
  ]);
  const { tokens } = world.store;
  // Of a user that is gone, and of one that lives.
  await tokens.take(rule.id, 'MOBILE', 'gone');
  const engine = world.engine();
  const kit = await add(rule, engine, 'kit');
  await tokens.take(rule.id, 'MOBILE', kit.id);
  const ago = { $set: { unconfirmedSince: new Date(0) } };
  await world.store.connection.collection('tokens').updateMany({}, ago);
  engine.start();
  await chosen(kit, { method: 'FTC_MOBILE', tokenSerial: 'M2' });
  await until('M1 is free', async () => (await holders(rule))['M1'] === undefined);
  expect(await holders(rule)).toEqual({ M1: undefined, M2: kit.id });
  await engine.idle();
});

test('serial numbers that are taken keep all others out', async () => {
  const rule = await ruleWith({});
  const first = [{ serial: 'A', kind: 'MOBILE' as const }];
  expect(await world.store.tokens.add(rule.id, first)).toEqual([]);
  expect(
    await world.store.tokens.add(rule.id, [{ serial: 'B', kind: 'HARDWARE' }, ...first]),
  ).toEqual(['A']);
  expect(await world.store.tokens.count({ ruleId: rule.id })).toBe(1);
});
