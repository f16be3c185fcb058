/** What the gateway does not take on trust: from a connector, from its settings, and on its way to a connector. */
import {
  type Capabilities,
  type Connector,
  ConnectorError,
  type ConnectorType,
  type Entry,
} from '../../../connectors/spi';
import { type ObservedCall } from '../../../src/delivery/call-observer';
import { capabilitiesOf } from '../../../src/delivery/connectors/capabilities';
import { systemClock } from '../../../src/delivery/clock';
import { ConnectorHost } from '../../../src/delivery/connectors/connector-host';
import { ConnectorFault } from '../../../src/delivery/errors';
import { type HostedConnector } from '../../../src/delivery/connectors/hosted-connector';
import { FakeDirectory } from '../../support/fake-connector';

const at = new Date(0);
const named = { id: 't', name: 't', connector: 'fake', settings: {}, secrets: {} };
const target = { ...named, version: 1, createdAt: at, updatedAt: at };
const ref = { reference: 'r', name: 'n' };
const entry: Entry = { ...ref, attributes: { uid: ['n'] }, active: true };

/** A connector of which some methods are replaced. */
function hosted(methods: Partial<Connector> | Record<string, unknown>): {
  connector: HostedConnector;
  calls: ObservedCall[];
} {
  const calls: ObservedCall[] = [];
  const type: ConnectorType = {
    ...new FakeDirectory().type,
    open: () => methods as unknown as Connector,
  };
  const host = new ConnectorHost({
    clock: systemClock,
    registry: { get: () => type, all: () => [type] },
    dataDir: '.',
    log: () => undefined,
    workers: 4,
    times: { deadlineMs: 50, graceMs: 10 },
    observe: (call) => calls.push(call),
  });
  return { connector: host.open(target), calls };
}

const throwing = new Proxy(
  {},
  {
    get: () => {
      throw new TypeError('a getter');
    },
  },
);

describe('an answer', () => {
  it.each<[string, unknown]>([
    ['null instead of a thing', null],
    ['a text', 'entry'],
    ['a list', [entry]],
    ['no reference', { ...entry, reference: undefined }],
    ['an empty reference', { ...entry, reference: '' }],
    ['a reference that is too long', { ...entry, reference: 'x'.repeat(2_000) }],
    ['another reference', { ...entry, reference: 'other' }],
    ['a name of another type', { ...entry, name: 7 }],
    ['a word for active', { ...entry, active: 'yes' }],
    ['attributes that are a list of numbers', { ...entry, attributes: { uid: [1] } }],
    ['an attribute that is no list', { ...entry, attributes: { uid: 'n' } }],
    ['no attributes', { ...entry, attributes: null }],
    ['an owner of another type', { ...entry, owner: {} }],
    [
      'more than any directory holds',
      { ...entry, attributes: { a: Array(70).fill('x'.repeat(1_048_576)) } },
    ],
    ['a trap', throwing],
  ])('of %s is a fault of the connector', async (what, answer) => {
    const { connector, calls } = hosted({ read: async () => answer });
    const reading = connector.read('user', ref, [], {});
    if (answer === null) await expect(reading).resolves.toBeUndefined();
    else {
      await expect(reading).rejects.toBeInstanceOf(ConnectorFault);
      expect(calls).toMatchObject([{ connector: 'fake', operation: 'read', outcome: 'fault' }]);
    }
    const { connector: lister } = hosted({ correlate: async () => [answer] });
    const key = { attribute: 'uid', value: 'n' };
    if (what !== 'another reference') {
      const correlating = lister.correlate('user', [key], {});
      await expect(correlating).rejects.toBeInstanceOf(ConnectorFault);
    }
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'done'],
    ['another reference', { ...ref, reference: 'other' }],
    ['malformed warnings', { ...ref, warnings: 'x' }],
    ['a trap', throwing],
  ])('of %s to a write is a fault of the connector', async (_what, answer) => {
    const { connector } = hosted({ update: async () => answer, setActive: () => answer });
    const changes = [{ attribute: 'a', replace: ['b'] }];
    await expect(connector.update('user', ref, changes, {})).rejects.toBeInstanceOf(ConnectorFault);
    await expect(connector.setActive('user', ref, true, {})).rejects.toBeInstanceOf(ConnectorFault);
  });

  it('of thousands that match is a fault of the connector', async () => {
    const { connector } = hosted({ correlate: async () => Array(1_001).fill(entry) });
    const key = { attribute: 'uid', value: 'n' };
    await expect(connector.correlate('user', [key], {})).rejects.toBeInstanceOf(ConnectorFault);
  });

  it('is copied: what the connector changes later, or calls __proto__, does no harm', async () => {
    const attributes = JSON.parse('{"__proto__": ["x"], "uid": ["n"]}') as Record<string, string[]>;
    const { connector } = hosted({ read: async () => ({ ...entry, attributes, more: 1 }) });
    const read = await connector.read('user', ref, [], {});
    attributes['uid']?.push('later');
    expect(Object.keys(read?.attributes ?? {})).toEqual(['__proto__', 'uid']);
    expect(read?.attributes['uid']).toEqual(['n']);
    expect(Object.keys(read ?? {}).sort()).toEqual(['active', 'attributes', 'name', 'reference']);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  it('carries no more warnings than anybody reads', async () => {
    const { connector } = hosted({
      members: async () => ({ ...ref, warnings: Array(5_000).fill('w') }),
    });
    const written = await connector.members(ref, { add: [ref], remove: [] }, {});
    expect(written.warnings).toHaveLength(1_000);
  });
});

describe('a failure', () => {
  const disguised = (more: object): Error =>
    Object.assign(new Error('x'), { name: 'ConnectorError', kind: 'throttled', ...more });
  const trapped = new Proxy(new Error('x'), {
    get: () => {
      throw new TypeError('a getter');
    },
    getPrototypeOf: () => {
      throw new TypeError('a prototype');
    },
  });
  const rejecting = (reason: unknown): Promise<never> => {
    const error = reason as Error;
    return Promise.reject(error);
  };
  it.each<[string, () => unknown]>([
    ['a text', () => rejecting('down')],
    ['nothing', () => rejecting(undefined)],
    ['a trap', () => Promise.reject(trapped)],
    ['an error with a kind that is none', () => Promise.reject(disguised({ kind: 'tired' }))],
    ['an error with a message that is none', () => Promise.reject(disguised({ message: {} }))],
    [
      'an error thrown before there is a promise',
      () => {
        throw trapped;
      },
    ],
    [
      'a promise that cannot be waited for',
      () =>
        Object.defineProperty({}, 'then', {
          get: () => {
            throw trapped;
          },
        }),
    ],
  ])('that is %s is a fault of the connector', async (_what, fail) => {
    const { connector } = hosted({ read: fail, remove: fail, plan: fail });
    await expect(connector.read('user', ref, [], {})).rejects.toBeInstanceOf(ConnectorFault);
    await expect(connector.remove('user', ref, {})).rejects.toBeInstanceOf(ConnectorFault);
  });

  it('that comes after the deadline is heard by nobody, and harms nobody', async () => {
    const stray = jest.fn();
    process.on('unhandledRejection', stray);
    let fail: (error: Error) => void = () => undefined;
    const late = new Promise<never>((_resolve, reject) => (fail = reject));
    const { connector } = hosted({ create: () => late });
    const creating = connector.create(
      'user',
      { attributes: { uid: ['n'] }, active: true },
      'o',
      {},
    );
    await expect(creating).rejects.toMatchObject({ kind: 'timeout', outcome: 'unknown' });
    fail(new TypeError('late'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', stray);
    expect(stray).not.toHaveBeenCalled();
  });

  it('to end at all takes a place for no longer than the deadline', async () => {
    const { connector } = hosted({ read: () => new Promise(() => undefined) });
    const begun = performance.now();
    const reading = Array.from({ length: 12 }, () =>
      connector.read('user', ref, [], {}).catch((error: unknown) => error),
    );
    for (const error of await Promise.all(reading))
      expect(error).toMatchObject({ kind: 'timeout' });
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});

describe('a value', () => {
  it('with half a character reaches no connector', async () => {
    const { connector, calls } = hosted({});
    const desired = { attributes: { uid: ['n'], title: ['half \ud83d'] }, active: true };
    const refusal = { name: 'ConnectorError', kind: 'invalid', attribute: 'title' };
    await expect(connector.create('user', desired, 'o', {})).rejects.toMatchObject(refusal);
    for (const change of [{ replace: ['\udc00'] }, { add: ['\udc00'], remove: [] }]) {
      const changes = [{ attribute: 'title', ...change }];
      await expect(connector.update('user', ref, changes, {})).rejects.toMatchObject(refusal);
    }
    expect(calls).toEqual([]);
  });
});

describe('a call', () => {
  it.each<[string, () => Promise<unknown>, string]>([
    ['ends well', async () => entry, 'ok'],
    ['fails as it may', () => Promise.reject(new ConnectorError('throttled', 'x')), 'throttled'],
    ['fails as it may not', () => Promise.reject(new TypeError('x')), 'fault'],
    ['never ends', () => new Promise(() => undefined), 'timeout'],
  ])('that %s is counted as such, once', async (_what, read, outcome) => {
    const { connector, calls } = hosted({ read });
    await connector.read('user', ref, [], {}).catch(() => undefined);
    expect(calls).toEqual([
      { connector: 'fake', operation: 'read', outcome, seconds: expect.any(Number) },
    ]);
    expect(calls[0]?.seconds).toBeGreaterThanOrEqual(outcome === 'timeout' ? 0.04 : 0);
  });
});

describe('what settings allow', () => {
  const declared: Capabilities = {
    kinds: ['user'],
    activation: 'none',
    rename: false,
    password: false,
    maxConcurrency: 2,
  };
  const type = (own: Partial<Capabilities>): ConnectorType => ({
    ...new FakeDirectory().type,
    capabilities: declared,
    capabilitiesFor: () => ({ ...declared, ...own }),
  });

  it('is never more than the type declared', () => {
    const greedy: Capabilities = {
      kinds: ['user', 'group'],
      activation: 'native',
      rename: true,
      password: true,
      answers: true,
      maxConcurrency: 99,
    };
    expect(capabilitiesOf(type(greedy), {})).toEqual({ ...declared, answers: false });
  });

  it('may be less', () => {
    expect(capabilitiesOf(type({ maxConcurrency: 1 }), {}).maxConcurrency).toBe(1);
    expect(capabilitiesOf(type({ maxConcurrency: NaN }), {}).maxConcurrency).toBe(1);
  });
});
