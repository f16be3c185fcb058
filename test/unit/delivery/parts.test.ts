/** The engine's parts that decide something, each for itself. */
import { RULE_DEFAULTS, type SyncAs, type SyncRule } from '../../../src/domain/sync-rule';
import { ConnectorError, type Capabilities } from '../../../connectors/spi';
import { guard } from '../../../src/delivery/connectors/call-guard';
import { CircuitBreaker } from '../../../src/delivery/lanes/circuit-breaker';
import { type Clock } from '../../../src/delivery/clock';
import { DesiredEntries } from '../../../src/delivery/entries/desired-entries';
import { diffAttributes, valuesOf } from '../../../src/delivery/entries/differ';
import { ConnectorFault, MappingFailed } from '../../../src/delivery/errors';
import { plan, type Situation } from '../../../src/delivery/entries/planner';
import { RetryPolicy } from '../../../src/delivery/entries/retry-policy';
import { checkDefinitions } from '../../../src/domain/definitions';
import { extendedTable } from '../../../src/domain/extended-table';
import { GROUP, USER, type Resource } from '../../../src/domain/resource';
import { Profiles } from '../../../src/domain/profile';
import { RuleSchemas } from '../../../src/domain/rule-schemas';
import { type SchemaTable } from '../../../src/domain/schema-table';
import { standardSchemas } from '../../../src/domain/standard-schemas';
import { CUSTOM_DEFINITIONS } from '../../support/custom-definitions';

class HandClock implements Clock {
  time = 1_000_000;
  chance = 1;
  now = (): Date => new Date(this.time);
  monotonic = (): number => this.time;
  random = (): number => this.chance;
  after = (): (() => void) => () => undefined;
  sleep = (): Promise<void> => Promise.resolve();
}

describe('the retry policy', () => {
  const clock = new HandClock();
  const policy = new RetryPolicy(clock);
  const delay = (error: unknown, attempts: number): number | undefined => {
    const { retryAt } = policy.judge(error, attempts);
    return retryAt && retryAt.getTime() - clock.time;
  };

  test('doubles the delay from half a second to five minutes', () => {
    const error = new ConnectorError('unavailable', 'Down.');
    const delays = Array.from({ length: 12 }, (_, attempts) => delay(error, attempts));
    expect(delays.slice(0, 4)).toEqual([500, 1_000, 2_000, 4_000]);
    expect(delays.slice(-2)).toEqual([300_000, 300_000]);
    expect(delay(error, 100_000)).toBe(300_000);
  });

  test('spreads delays down to the half', () => {
    clock.chance = 0;
    expect(delay(new ConnectorError('unavailable', 'Down.'), 0)).toBe(250);
    clock.chance = 1;
  });

  test('waits as long as the directory says', () => {
    const error = new ConnectorError('throttled', 'Later.', { retryAfterMs: 60_000 });
    expect(delay(error, 0)).toBe(60_000);
  });

  test.each(['invalid', 'conflict', 'permission', 'unsupported'] as const)('parks %s', (kind) => {
    expect(delay(new ConnectorError(kind, 'No.'), 0)).toBeUndefined();
  });

  test('never parks what may have happened', () => {
    const error = new ConnectorError('invalid', 'No.', { outcome: 'unknown' });
    expect(delay(error, 0)).toBe(500);
  });

  test('parks what cannot be mapped, naming the attribute', () => {
    const { error, retryAt } = policy.judge(new MappingFailed('uid: bad', 'uid'), 0);
    expect(error).toMatchObject({ kind: 'mapping', message: 'uid: bad', attribute: 'uid' });
    expect(retryAt).toBeUndefined();
  });

  test('never parks what waits for the schemas of its rule', () => {
    const { definitions } = checkDefinitions(standardSchemas, CUSTOM_DEFINITIONS);
    const at = new Date();
    const rule: SyncRule = {
      ...RULE_DEFAULTS,
      ...definitions,
      id: 'r',
      name: 'Clashing',
      enabled: true,
      syncAs: [],
      version: 1,
      createdAt: at,
      updatedAt: at,
    };
    // What every rule has, has the rule's own schemas now too.
    const schemas = new RuleSchemas(extendedTable(standardSchemas, definitions));
    const schemasOf = (one: SyncRule): SchemaTable => schemas.of(one);
    const desired = new DesiredEntries(schemasOf, new Profiles(schemasOf, String));
    const resource = { resourceType: USER, id: 'u', attributes: {} } as Resource;
    const syncAs = { scopeFilter: 'active eq true' } as SyncAs;
    let error: unknown;
    try {
      desired.inScope(resource, rule, syncAs);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(delay(error, 100)).toBe(300_000);
    expect(policy.judge(error, 0)).toMatchObject({
      error: { kind: 'mapping', message: expect.stringContaining('"Clashing"') },
      silent: false,
    });
  });

  test('gives defects a few chances and does not repeat what they say', () => {
    const defect = new TypeError('ada is undefined');
    expect(delay(defect, 0)).toBe(500);
    expect(delay(defect, 7)).toBeUndefined();
    expect(policy.judge(defect, 0).error).toMatchObject({ kind: 'internal' });
    expect(policy.judge(defect, 0).error.message).not.toContain('ada');
  });
});

describe('the circuit breaker', () => {
  test('probes ever more rarely until somebody answers', () => {
    const clock = new HandClock();
    const breaker = new CircuitBreaker(clock, { firstMs: 500, longestMs: 15_000 });
    const pauses = Array.from({ length: 7 }, () => {
      breaker.silent(clock.monotonic());
      const pause = breaker.pauseMs();
      clock.time += pause;
      return pause;
    });
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    expect(breaker.pauseMs()).toBe(0);
    expect(breaker.isOpen).toBe(true);
    expect(breaker.answered()).toBe(7);
    expect(breaker.isOpen).toBe(false);
  });

  test('what was under way when it opened counts once', () => {
    const clock = new HandClock();
    const breaker = new CircuitBreaker(clock);
    const started = clock.monotonic();
    clock.time += 10;
    for (let n = 0; n < 5; n += 1) breaker.silent(started);
    expect(breaker.answered()).toBe(1);
  });
});

describe('the planner', () => {
  const capabilities: Capabilities = {
    kinds: ['user', 'group'],
    activation: 'native',
    rename: true,
    password: false,
    maxConcurrency: 1,
  };
  const at = new Date(0);
  const resource: Resource = {
    id: 'r',
    ruleId: 'rule',
    resourceType: USER,
    attributes: {},
    generation: 1,
    createdAt: at,
    lastModified: at,
  };
  const syncAs = {
    targetId: 't',
    onDeactivate: 'DISABLE',
    onDelete: 'DELETE',
    correlation: { attributes: [], policy: 'FAIL' },
  } as const;
  const rule = {
    id: 'rule',
    name: 'rule',
    ...RULE_DEFAULTS,
    enabled: true,
    syncAs: [syncAs],
    version: 1,
    createdAt: at,
    updatedAt: at,
  };
  const situation: Situation = {
    resource,
    rule,
    syncAs,
    leaving: undefined,
    capabilities,
    hasEntry: true,
    inScope: () => true,
    isActive: () => true,
  };

  test('a rule that is gone leaves everything as it is', () => {
    expect(plan({ ...situation, rule: undefined })).toEqual({ action: 'leave', state: 'REMOVED' });
  });

  test('deletion does not ask for scope or activity', () => {
    const deleted = { ...resource, deletedAt: at, attributes: { active: false } };
    const outside = { ...situation, resource: deleted, inScope: () => false };
    expect(plan(outside)).toEqual({ action: 'remove', state: 'REMOVED' });
  });

  test('a target that the rule no longer names is left alone', () => {
    expect(plan({ ...situation, syncAs: undefined })).toMatchObject({ action: 'leave' });
    const deleted = { ...resource, deletedAt: at };
    expect(plan({ ...situation, resource: deleted, syncAs: undefined })).toEqual({
      action: 'leave',
      state: 'REMOVED',
    });
  });

  test('the scope filter is for users', () => {
    const group = { ...resource, resourceType: GROUP };
    expect(plan({ ...situation, resource: group, inScope: () => false })).toEqual({
      action: 'ensure',
      active: true,
    });
  });

  test('other types of resources reach no directory', () => {
    const device = { ...resource, resourceType: 'Device' };
    expect(plan({ ...situation, resource: device })).toMatchObject({ action: 'leave' });
  });
});

describe('the differ', () => {
  test('compares values exactly and without order, names in any case', () => {
    const current = { Mail: ['a', 'b'], cn: ['Ada'], gone: ['x'] };
    expect(
      diffAttributes(current, { mail: ['b', 'a'], cn: ['ada'], gone: [], absent: [], neu: ['1'] }),
    ).toEqual([
      { attribute: 'cn', replace: ['ada'] },
      { attribute: 'gone', replace: [] },
      { attribute: 'neu', replace: ['1'] },
    ]);
    expect(diffAttributes(current, {})).toEqual([]);
    expect(valuesOf(current, 'MAIL')).toEqual(['a', 'b']);
  });
});

describe('the guard of a call', () => {
  const times = { deadlineMs: 40, graceMs: 20 };
  const call = <Answer>(run: (signal: AbortSignal) => Promise<Answer>, writes = true) =>
    guard({ operation: 'update', writes, run: ({ signal }) => run(signal) }, times);

  test('lets answers through', async () => {
    expect(await call(async () => 7)).toBe(7);
  });

  test.each([
    [true, 'unknown'],
    [false, 'none'],
  ])('ends a call that ignores its signal (write: %s, outcome %s)', async (writes, outcome) => {
    await expect(call(() => new Promise(() => undefined), writes)).rejects.toMatchObject({
      name: 'ConnectorError',
      kind: 'timeout',
      outcome,
    });
  });

  test('lets a connector that heeds its signal say what it knows', async () => {
    const heeding = (signal: AbortSignal): Promise<never> =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () =>
          reject(new ConnectorError('timeout', 'Nothing was sent.', { outcome: 'none' })),
        );
      });
    await expect(call(heeding)).rejects.toMatchObject({ kind: 'timeout', outcome: 'none' });
  });

  test('knows the error of a package that brought its own copy of the interface', async () => {
    const foreign = Object.assign(new Error('Taken.'), {
      name: 'ConnectorError',
      kind: 'conflict',
    });
    await expect(call(() => Promise.reject(foreign))).rejects.toBeInstanceOf(ConnectorError);
  });

  test.each([
    ['a rejection', () => Promise.reject(new TypeError('x'))],
    [
      'a throw',
      () => {
        throw new TypeError('x');
      },
    ],
    [
      'an unknown kind',
      () => Promise.reject(Object.assign(new Error('x'), { name: 'ConnectorError', kind: 'odd' })),
    ],
  ])('turns %s into a fault', async (_, run: () => Promise<never>) => {
    await expect(call(run)).rejects.toBeInstanceOf(ConnectorFault);
  });
});
