/** Schemas and resource types in DATA_DIR/schemas: the example of the documentation, what stops a start, and what changes. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Usher } from '../support/usher';

const BADGE = 'urn:example:params:scim:schemas:extension:badge:1.0:User';

/** The example in docs/scim.md, as it stands there. */
function documented(): string {
  const text = readFileSync(path.join(__dirname, '../../docs/scim.md'), 'utf8');
  const example = /`DATA_DIR\/schemas\/badges\.json`:\n\n```json\n([^]*?)```/.exec(text)?.[1];
  if (example === undefined) throw new Error('docs/scim.md has no example of badges.json');
  return example;
}

type Definition = Record<string, unknown> & { attributes: Record<string, unknown>[] };
type Example = [badge: Definition, door: Definition, doors: Definition, users: Definition];

// Most tests start the program several times.
jest.setTimeout(120_000);

describe('schemas in files', () => {
  let usher: Usher;

  const put = (name: string, content: unknown): void => {
    const folder = path.join(usher.dataDir, 'schemas');
    mkdirSync(folder, { recursive: true });
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    writeFileSync(path.join(folder, name), text);
  };
  const remove = (name: string): void =>
    rmSync(path.join(usher.dataDir, 'schemas', name), { recursive: true });
  const changed = (change: (example: Example) => void): Example => {
    const example = JSON.parse(documented()) as Example;
    change(example);
    return example;
  };
  /** What a start says that is refused. */
  const refusedStart = async (): Promise<readonly string[]> => {
    await usher.terminate();
    const before = usher.log.length;
    await expect(usher.boot()).rejects.toThrow('Usher ended with 1');
    const said = usher.log.slice(before);
    expect(said).toContain('Usher cannot start.');
    const folder = `${path.join(usher.dataDir, 'schemas')}/`;
    return said
      .split('\n')
      .flatMap((line) => (line.startsWith(folder) ? [line.slice(folder.length)] : []));
  };
  const restart = async (): Promise<void> => {
    await usher.terminate();
    await usher.boot();
  };

  beforeAll(async () => {
    // The rule of the first start is made in the embedded store only.
    usher = await Usher.start({ MONGODB_URI: '' });
    put('badges.json', documented());
    await restart();
  });
  afterAll(() => usher.stop());

  it('the documented example is served to every rule', async () => {
    const shown = await usher.scim('GET', `/Schemas/${BADGE}`);
    expect(shown.body.attributes.map((one: { name: string }) => one.name)).toEqual([
      'number',
      'floors',
    ]);
    const types = await usher.scim('GET', '/ResourceTypes');
    expect(types.body.Resources.map((one: { name: string }) => one.name)).toEqual([
      'User',
      'Group',
      'Door',
    ]);
    const user = await usher.scim('POST', '/Users', {
      userName: 'kim@northmill.example',
      [BADGE]: { number: 'B-1', floors: ['1', 2] },
    });
    expect(user.body).toMatchObject({ [BADGE]: { number: 'B-1', floors: [1, 2] } });
    const again = await usher.scim('POST', '/Users', {
      userName: 'lee@northmill.example',
      [BADGE]: { number: 'b-1' },
    });
    expect([again.status, again.body.scimType]).toEqual([409, 'uniqueness']);
    const door = await usher.scim('POST', '/Doors', {
      displayName: 'North',
      keeper: { value: user.body.id },
    });
    expect(door.status).toBe(201);
    expect(door.body.keeper.$ref).toBe(`${usher.url}/scim/v2/Users/${user.body.id}`);
    const filter = encodeURIComponent(`${BADGE}:number eq "B-1"`);
    const found = await usher.scim('GET', `/Users?filter=${filter}`);
    expect(found.body.totalResults).toBe(1);
  });

  it('a resource of another type than users and groups leaves no binding', async () => {
    const door = await usher.scim('POST', '/Doors', { displayName: 'South' });
    const user = await usher.scim('POST', '/Users', { userName: 'after@northmill.example' });
    expect([door.status, user.status]).toEqual([201, 201]);
    const { bindings } = await waitForBindings(usher, 4);
    // Those of the two users in the two targets of the first start, which were made before and after the door.
    expect(bindings.totalCount).toBe(4);
  });

  it('a misspelt attribute in a scope filter is refused, and so is taking away one that is used', async () => {
    const targetId = await usher.createTarget('Scoped', 'saml', {
      database: { kind: 'sqlite', file: 'scoped.db' },
      idpEntityId: 'https://idp.example/idp',
    });
    const create = async (scopeFilter: string, more: object = {}) => {
      const input = { name: `Scoped ${scopeFilter}`, syncAs: [{ targetId, scopeFilter }], ...more };
      const { syncRuleCreate } = await usher.graphql(
        `mutation ($input: SyncRuleCreateInput!) { syncRuleCreate(input: $input) {
           syncRule { id } userErrors { code message field } } }`,
        { input },
      );
      return syncRuleCreate;
    };
    for (const filter of [
      'tittle eq "x"',
      'active eq true or tittle eq "x"',
      'emails[tipe eq "work"]',
      `${BADGE}:nummer pr`,
      'password pr',
      'active gt true',
      'groups.value eq "x"',
      'meta.created pr',
      'displayName eq',
    ]) {
      const refused = await create(filter);
      expect({ filter, syncRule: refused.syncRule }).toEqual({ filter, syncRule: null });
      expect(refused.userErrors).toMatchObject([
        { code: 'INVALID', field: ['syncAs', '0', 'scopeFilter'] },
      ]);
    }
    expect((await create(`${BADGE}:number pr and emails[type eq "work"]`)).userErrors).toEqual([]);

    const urn = 'urn:example:own:1.0:User';
    const own = await create(`${urn}:level gt 3`, {
      schemas: [{ id: urn, attributes: [{ name: 'level', type: 'INTEGER' }, { name: 'other' }] }],
      schemaExtensions: [{ resourceType: 'User', schema: urn }],
    });
    expect(own.userErrors).toEqual([]);
    const { syncRuleUpdate } = await usher.graphql(
      `mutation ($id: ID!, $input: SyncRuleUpdateInput!) { syncRuleUpdate(id: $id, input: $input) {
         userErrors { code message field } } }`,
      { id: own.syncRule.id, input: { schemas: [{ id: urn, attributes: [{ name: 'other' }] }] } },
    );
    expect(syncRuleUpdate.userErrors).toMatchObject([{ code: 'IN_USE', field: ['schemas'] }]);
    expect(syncRuleUpdate.userErrors[0].message).toContain('The scope filter for "Scoped"');
  });

  it('a start tells everything that is wrong with all files', async () => {
    put('a.json', '{ "schemas": ');
    put(
      'b.json',
      changed(([badge]) => void (badge.attributes[0]!['type'] = 'text')),
    );
    put('c.json', { schemas: ['urn:example:other'], id: 'x' });
    put('d.json', ' '.repeat(1_048_577));
    put('e.json', Buffer.from([0xff]).toString('latin1'));
    mkdirSync(path.join(usher.dataDir, 'schemas', 'f.json'));
    put(
      'g.json',
      changed(([, , , users]) => void (users['endpoint'] = '/People')),
    );
    put('.hidden.json', 'nonsense');
    put('README.md', 'nonsense');
    writeFileSync(path.join(usher.dataDir, 'schemas', 'h.json'), Buffer.from([0x22, 0xff, 0x22]));
    const lines = await refusedStart();
    expect(lines).toEqual([
      expect.stringMatching(/^a\.json: Is not JSON: /),
      'd.json: Is larger than 1048576 bytes. Spread its documents over several files.',
      expect.stringMatching(/^e\.json: Is not JSON: /),
      'f.json: Is no file. Remove it, or give it another name.',
      'h.json: Is not text in UTF-8. Save it as UTF-8.',
      expect.stringMatching(/^c\.json: schemas: Must be \["urn:/),
      'g.json: [3].endpoint: Must be "/Users" as in the standard type. Only extensions are added.',
      expect.stringMatching(/^b\.json: \[0\]\.attributes\[0\]\.type: Must be one of: string, /),
    ]);
    for (const letter of ['a', 'c', 'd', 'e', 'f', 'g', 'h']) remove(`${letter}.json`);
    // The example a second time: nothing may be defined twice.
    put('b.json', documented());
    expect((await refusedStart()).map((line) => line.split(': ', 2).join(': '))).toEqual([
      'badges.json: [0].id',
      'badges.json: [1].id',
      'badges.json: [2].name',
      'badges.json: [2].endpoint',
      'badges.json: [3].schemaExtensions[1].schema',
    ]);
    remove('b.json');
    await usher.boot();
  });

  it.each<[string, (example: Example) => void, RegExp]>([
    [
      'a type',
      ([badge]) => void (badge.attributes[1]!['type'] = 'string'),
      /^badges\.json: \[0\]\.attributes\[1\]\.type: .* Change it back/,
    ],
    [
      'uniqueness',
      ([badge]) => void (badge.attributes[0]!['uniqueness'] = 'none'),
      /^badges\.json: \[0\]\.attributes\[0\]\.uniqueness: /,
    ],
  ])('a start is refused that would change %s', async (_, change, message) => {
    put('badges.json', changed(change));
    expect(await refusedStart()).toEqual([expect.stringMatching(message)]);
    put('badges.json', documented());
    await usher.boot();
  });

  it('a start is refused without definitions of which there are values', async () => {
    const lost = async (): Promise<string> => {
      const before = usher.log.length;
      await refusedStart();
      return usher.log.slice(before);
    };
    put(
      'badges.json',
      changed(([badge]) => void badge.attributes.splice(1)),
    );
    expect(await lost()).toMatch(
      /1 resources of type User of the sync rule ".*" have values of floors, which no file/,
    );
    remove('badges.json');
    const all = await lost();
    expect(all).toMatch(/1 resources of type User .* have values of number, floors, which no file/);
    expect(all).toMatch(/2 resources of type Door .* would not be served any more/);
    put('badges.json', documented());
    await usher.boot();
    // What has no values goes, and what comes may come.
    put(
      'badges.json',
      changed(([badge, door]) => {
        badge.attributes.push({ name: 'color' });
        door.attributes.push({ name: 'steel', type: 'boolean' });
      }),
    );
    await restart();
    put('badges.json', documented());
    await restart();
  });

  it('a rule that does not fit is refused until it is changed, while others work', async () => {
    const urn = 'urn:example:later:1.0:User';
    const users = changed(() => undefined)[3];
    const [enterprise] = users['schemaExtensions'] as object[];
    const extended = { ...users, schemaExtensions: [enterprise, { schema: urn, required: false }] };
    const definedAs = (type: string): object[] => [
      { id: urn, attributes: [{ name: 'level', type }] },
      extended,
    ];
    const targetId = await usher.createTarget('Late', 'saml', {
      database: { kind: 'sqlite', file: 'late.db' },
      idpEntityId: 'https://idp.example/idp',
    });
    const { syncRuleCreate } = await usher.graphql(
      `mutation ($input: SyncRuleCreateInput!) { syncRuleCreate(input: $input) {
         syncRule { id } secretToken userErrors { message } } }`,
      {
        input: {
          name: 'Earlier',
          syncAs: [{ targetId }],
          schemas: [{ id: urn, attributes: [{ name: 'level', type: 'INTEGER' }] }],
          schemaExtensions: [{ resourceType: 'User', schema: urn }],
        },
      },
    );
    const { secretToken, syncRule } = syncRuleCreate;
    const ours = await usher.scim(
      'POST',
      '/Users',
      { userName: 'x', [urn]: { level: 7 } },
      secretToken,
    );
    expect(ours.body[urn]).toEqual({ level: 7 });

    put('later.json', definedAs('string'));
    await restart();
    expect(usher.log).toContain('A sync rule is not served');
    const refused = await usher.scim('GET', '/Users', undefined, secretToken);
    expect(refused.status).toBe(503);
    expect(refused.body.detail).toContain('"Earlier"');
    expect(refused.body.detail).toContain('schemas[0].id: Another schema has this URN.');
    expect((await usher.scim('GET', '/Users')).status).toBe(200);

    const mend = async (): Promise<{ code: string }[]> => {
      const { syncRuleUpdate } = await usher.graphql(
        `mutation ($id: ID!) { syncRuleUpdate(id: $id, input: { schemas: [], schemaExtensions: [] }) {
           userErrors { code message field } } }`,
        { id: syncRule.id },
      );
      return syncRuleUpdate.userErrors as { code: string }[];
    };
    // Its value was stored as a number, and the file says it is a string.
    expect(await mend()).toMatchObject([{ code: 'CONFLICT' }]);
    remove('later.json');
    await restart();
    const served = await usher.scim('GET', `/Users/${ours.body.id}`, undefined, secretToken);
    expect(served.body[urn]).toEqual({ level: 7 });

    // A file that says what the rule says takes over from it.
    put('later.json', definedAs('integer'));
    await restart();
    expect((await usher.scim('GET', '/Users', undefined, secretToken)).status).toBe(503);
    expect(await mend()).toEqual([]);
    const moved = await usher.scim('GET', `/Users/${ours.body.id}`, undefined, secretToken);
    expect(moved.body[urn]).toEqual({ level: 7 });
  });
});

async function waitForBindings(
  usher: Usher,
  count: number,
): Promise<{ bindings: { totalCount: number } }> {
  for (let tries = 0; ; tries += 1) {
    const found = await usher.graphql('{ bindings(first: 1) { totalCount } }');
    if (found.bindings.totalCount >= count || tries > 100) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
