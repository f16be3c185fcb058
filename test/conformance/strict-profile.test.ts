/** The strict profile reads values as RFC 7643 has them; what it refuses, the tolerant one takes. */
import { extendedTable } from '../../src/domain/extended-table';
import { RuleSchemas } from '../../src/domain/rule-schemas';
import { checkDefinitions } from '../../src/domain/definitions';
import { checkMapping, compileMapping, evaluateMapping } from '../../src/domain/mapping';
import { matches } from '../../src/domain/filter/match';
import { parseFilter } from '../../src/domain/filter/parser';
import { standardSchemas } from '../../src/domain/standard-schemas';
import { RuleAccessCache } from '../../src/store/rule-access';
import { startConformanceServer } from '../support/conformance-server';
import { ACME, CUSTOM_DEFINITIONS } from '../support/custom-definitions';
import { type ScimServer } from '../support/scim-server';
import { openTestStore } from '../support/test-store';

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const schemas = [USER];

let strict: ScimServer;
let tolerant: ScimServer;

beforeAll(async () => {
  strict = await startConformanceServer({
    scimProfile: 'strict',
    definitions: CUSTOM_DEFINITIONS,
  });
  tolerant = await startConformanceServer({ definitions: CUSTOM_DEFINITIONS });
});
afterAll(async () => {
  await strict.close();
  await tolerant.close();
});

let serial = 0;
const named = (more: object): object => ({ userName: `u${String((serial += 1))}`, ...more });

test.each<[string, object, string]>([
  ['schemas', {}, 'invalidValue'],
  ['schemas', { schemas: [] }, 'invalidValue'],
  ['schemas', { schemas: [USER, USER] }, 'invalidValue'],
  ['schemas', { schemas: [USER, 'urn:x:y'] }, 'invalidValue'],
  ['schemas', { schemas, [ACME]: { level: 1 } }, 'invalidValue'],
  ['active', { schemas, active: 'True' }, 'invalidValue'],
  ['emails', { schemas, emails: { value: 'a@x.example' } }, 'invalidValue'],
  ['title', { schemas, title: ['x'] }, 'invalidValue'],
  ['unknown', { schemas, unknown: 1 }, 'invalidSyntax'],
  ['name.givenName', { schemas, 'name.givenName': 'Kit' }, 'invalidSyntax'],
  ['level', { schemas: [USER, ACME], [ACME]: { level: '1' } }, 'invalidValue'],
])('refuses a wrong "%s" in %j', async (name, body, scimType) => {
  const refused = await strict.request('POST', '/Users', named(body));
  expect([refused.status, refused.body.scimType]).toEqual([400, scimType]);
  expect(refused.body.detail).toContain(name);
  expect((await tolerant.request('POST', '/Users', named(body))).status).toBe(201);
});

test('takes what is right, and ignores what is read-only', async () => {
  const body = named({
    schemas: [USER, ACME.toLowerCase()],
    id: 'x',
    meta: {},
    groups: [],
    title: null,
    emails: [{ value: 'a@x.example', primary: true }],
    [ACME]: { level: 1, rank: 'x' },
  });
  const { status, body: user } = await strict.request('POST', '/Users', body);
  expect([status, user.detail]).toEqual([201, undefined]);
  expect(user[ACME]).toEqual({ level: 1 });
  const Operations = [{ op: 'replace', path: 'active', value: 'False' }];
  const patched = await strict.request('PATCH', `/Users/${user.id}`, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations,
  });
  expect([patched.status, patched.body.scimType]).toEqual([400, 'invalidValue']);
});

test('mappings and scope filters know the attributes of a rule', () => {
  const { definitions } = checkDefinitions(standardSchemas, CUSTOM_DEFINITIONS);
  const schema = extendedTable(standardSchemas, definitions).get('User')!;
  const lines = [{ attribute: 'employeeNumber', expression: `upper(${ACME}:badge)` }];
  expect(checkMapping(lines, schema)).toEqual([]);
  expect(checkMapping(lines, standardSchemas.get('User')!)).toHaveLength(1);
  const at = new Date();
  const attributes = { userName: 'ada', [ACME]: { badge: 'b-1', vip: true } };
  const resource = { id: '1', ruleId: 'r', resourceType: 'User', attributes, generation: 1 };
  const mapped = evaluateMapping(compileMapping(lines, schema), {
    ...resource,
    createdAt: at,
    lastModified: at,
  });
  expect(JSON.stringify(mapped)).toContain('B-1');
  expect(matches(parseFilter(`${ACME}:vip eq true`), attributes, schema)).toBe(true);
});

test('another process reads by an updated rule within a second', async () => {
  const store = await openTestStore();
  const elsewhere = new RuleSchemas(standardSchemas);
  const cache = new RuleAccessCache(store.credentials, store.syncRules);
  const rule = await store.syncRules.insert({ name: 'r', enabled: true, syncAs: [] });
  const credential = { id: 'c', ruleId: rule.id, hash: 'h', hint: 'x', basicKey: 'k' };
  await store.credentials.addRuleCredential({ ...credential, createdAt: new Date() });
  const knows = async (): Promise<boolean> => {
    const access = await cache.find('h');
    return access !== undefined && elsewhere.of(access.rule).byEndpoint('/Devices') !== undefined;
  };
  expect(await knows()).toBe(false);
  const { definitions } = checkDefinitions(standardSchemas, CUSTOM_DEFINITIONS);
  expect((await store.syncRules.update(rule, definitions))?.version).toBe(2);
  expect(await store.syncRules.update(rule, { name: 'stale' })).toBeUndefined();
  const updatedAt = Date.now();
  while (!(await knows())) {
    expect(Date.now() - updatedAt).toBeLessThan(3_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await store.close();
});
