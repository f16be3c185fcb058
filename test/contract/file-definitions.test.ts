/** Definitions for all rules on the real store: what is accepted once is what the next start is compared with. */
import { acceptFileDefinitions } from '../../src/administration/file-definitions';
import { checkDefinitions } from '../../src/domain/definitions';
import { extendedTable } from '../../src/domain/extended-table';
import { standardSchemas } from '../../src/domain/standard-schemas';
import { NO_DEFINITIONS, type ScimDefinitions } from '../../src/domain/sync-rule';
import { openTestStore, type TestStore } from '../support/test-store';

const ACME = 'urn:example:acme:1.0:User';
const DEVICE = 'urn:example:acme:1.0:Device';

function definitions(attributes: readonly object[], devices = false): ScimDefinitions {
  const checked = checkDefinitions(standardSchemas, {
    schemas: [
      { id: ACME, attributes },
      ...(devices ? [{ id: DEVICE, attributes: [{ name: 'serial' }] }] : []),
    ],
    resourceTypes: devices ? [{ name: 'Device', endpoint: '/Devices', schema: DEVICE }] : [],
    schemaExtensions: [{ resourceType: 'User', schema: ACME }],
  });
  expect(checked.issues).toEqual([]);
  return checked.definitions;
}

const desk = (...names: string[]): object => ({
  name: 'desk',
  type: 'complex',
  subAttributes: names.map((name) => ({ name })),
});

describe('definitions for all rules', () => {
  let store: TestStore;
  let ruleId: string;

  const accept = async (wanted: ScimDefinitions): Promise<readonly string[]> => {
    const { acceptedDefinitions: accepted, storedValues, syncRules } = store;
    const issues = await acceptFileDefinitions({ accepted, storedValues, syncRules }, wanted);
    return issues.map(({ message }) => message);
  };
  const insert = (resourceType: string, attributes: object, by: ScimDefinitions) =>
    store.resources.insert(
      { ruleId, resourceType, attributes: { ...attributes } },
      extendedTable(standardSchemas, by).get(resourceType)!,
    );

  beforeEach(async () => {
    store = await openTestStore();
    ruleId = (await store.syncRules.insert({ name: 'Rule', enabled: true, syncAs: [] })).id;
  });
  afterEach(() => store.close());

  it('nothing is kept as long as there are none', async () => {
    expect(await accept(NO_DEFINITIONS)).toEqual([]);
    expect(await store.acceptedDefinitions.find()).toBeUndefined();
  });

  it('the same ones are accepted again and change nothing', async () => {
    const wanted = definitions([{ name: 'badge' }, desk('a')], true);
    expect(await accept(wanted)).toEqual([]);
    expect(await accept(wanted)).toEqual([]);
    expect(await store.acceptedDefinitions.find()).toEqual({ version: 1, definitions: wanted });
  });

  it('of two processes that start with contradicting files one is refused', async () => {
    for (const first of [NO_DEFINITIONS, definitions([{ name: 'other' }])]) {
      expect(await accept(first)).toEqual([]);
      const outcomes = await Promise.all([
        accept(definitions([{ name: 'badge' }])),
        accept(definitions([{ name: 'badge', type: 'integer' }])),
      ]);
      expect(outcomes.filter((one) => one.length === 0)).toHaveLength(1);
      expect(outcomes.flat()).toEqual([expect.stringContaining('cannot change its type')]);
    }
  });

  it('replaces only what it was compared with', async () => {
    const { acceptedDefinitions } = store;
    expect(await acceptedDefinitions.replace(1, NO_DEFINITIONS)).toBe(false);
    expect(await acceptedDefinitions.replace(0, NO_DEFINITIONS)).toBe(true);
    expect(await acceptedDefinitions.replace(0, NO_DEFINITIONS)).toBe(false);
    expect(await acceptedDefinitions.replace(1, NO_DEFINITIONS)).toBe(true);
    expect(await acceptedDefinitions.replace(1, NO_DEFINITIONS)).toBe(false);
  });

  it('what has values stays, and what has none may go', async () => {
    const all = definitions([{ name: 'badge' }, { name: 'free' }, desk('a', 'b')], true);
    expect(await accept(all)).toEqual([]);
    await insert('User', { userName: 'u', [ACME]: { badge: 'B', desk: { a: 'x' } } }, all);
    await insert('Device', {}, all);
    expect(await accept(definitions([{ name: 'badge' }, desk('a')]))).toEqual([
      expect.stringMatching(
        /^1 resources of type Device of the sync rule "Rule" would not be served/,
      ),
    ]);
    expect(await accept(definitions([{ name: 'badge' }, desk('b')], true))).toEqual([
      expect.stringContaining(
        '1 resources of type User of the sync rule "Rule" have values of free',
      ),
    ]);
    expect(await accept(NO_DEFINITIONS)).toHaveLength(2);
    // The sub-attribute "b" and "free" have no values.
    expect(await accept(definitions([{ name: 'badge' }, desk('a')], true))).toEqual([]);
  });

  it('what comes back must fit the values there are', async () => {
    // Another process with older files wrote it meanwhile.
    const older = definitions([{ name: 'badge' }]);
    await insert('User', { userName: 'u', [ACME]: { badge: 'B' } }, older);
    expect(await accept(definitions([{ name: 'badge', uniqueness: 'server' }]))).toEqual([
      expect.stringContaining('1 resources of type User of the sync rule "Rule" have values from'),
    ]);
    expect(await accept(older)).toEqual([]);
  });
});
