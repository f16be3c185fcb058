/** What we ship for the Shibboleth IdP: read by a real XML parser, its queries run on every database. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createConnection } from 'mysql2/promise';
import type { Attributes, Connector } from '../../connectors/spi';
import { describeWith, run } from '../support/daemon';
import { onEveryDatabase, openSaml } from '../support/saml-target';
import { PHP } from '../support/simplesamlphp';
import { call } from './connector.contract';

const SHIPPED = path.join(__dirname, '../../connectors/saml/shibboleth');
const XML = ['attribute-resolver.xml', 'context-check-intercept-config.xml', 'global.xml'];
const IDP = "https://idp.test/o'idp";
const NASTY = ["o'brien; --", "\\' OR 1=1 -- ", 'a\\', 'É "漢字" <&>', '${x} #end'];

/** Reads a file as a tree of `{name, attributes, text, children}`; fails when it is not well-formed. */
const READER = `
function tree(DOMElement $e): array {
  $attributes = $children = [];
  foreach ($e->attributes as $one) { $attributes[$one->nodeName] = $one->value; }
  foreach ($e->childNodes as $one) { if ($one instanceof DOMElement) { $children[] = tree($one); } }
  return ['name' => $e->localName, 'attributes' => (object) $attributes, 'text' => trim($e->textContent), 'children' => $children];
}
libxml_use_internal_errors(true);
$document = new DOMDocument();
if (!$document->load($argv[1], LIBXML_NONET)) { fwrite(STDERR, libxml_get_last_error()->message); exit(1); }
echo json_encode(tree($document->documentElement), JSON_THROW_ON_ERROR);
`;

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
  readonly children: readonly Element[];
}

async function read(file: string): Promise<Element> {
  return JSON.parse(await run(PHP.paths?.[0] ?? 'php', ['-r', READER, '--', file])) as Element;
}

function all(element: Element, name: string): Element[] {
  return [
    ...(element.name === name ? [element] : []),
    ...element.children.flatMap((child) => all(child, name)),
  ];
}

function text(file: string): string {
  return readFileSync(path.join(SHIPPED, file), 'utf8');
}

/** The properties with those of one kind of database, which all but the first have as comments. */
function properties(kind: string): Readonly<Record<string, string>> {
  const [common = '', ...databases] = text('usher.properties').split(
    /\n(?=# (?:PostgreSQL|MySQL|SQLite))/,
  );
  const titles: Record<string, string> = { postgresql: '# Po', mysql: '# My', sqlite: '# SQ' };
  const own = databases.find((block) => block.startsWith(titles[kind] ?? '?')) ?? '';
  return Object.fromEntries(
    [...`${common}\n${own}`.matchAll(/^#?(usher\.\w+) = (.*)$/gm)].map(([, name, value]) => [
      name,
      value,
    ]),
  ) as Record<string, string>;
}

describeWith([PHP], 'the files for Shibboleth', () => {
  let resolver: Element;
  beforeAll(async () => {
    resolver = await read(path.join(SHIPPED, 'attribute-resolver.xml'));
  });

  it('are well-formed', async () => {
    for (const file of XML) expect((await read(path.join(SHIPPED, file))).children).not.toEqual([]);
    await expect(read(path.join(SHIPPED, 'usher.properties'))).rejects.toThrow(
      /Start tag expected/,
    );
  });

  it('fit each other', async () => {
    const given = all(resolver, 'DataConnector').map((one) => [
      one.attributes['id'],
      all(one, 'Column')[0]?.attributes['attributeID'],
    ]);
    const taken = all(resolver, 'AttributeDefinition').map((one) => {
      const input = all(one, 'InputDataConnector')[0]?.attributes;
      expect(input?.['attributeNames']).toBe(one.attributes['id']);
      return [input?.['ref'], one.attributes['id']];
    });
    expect(given.length).toBeGreaterThan(10);
    expect(given).toEqual(taken);
    const condition = await read(path.join(SHIPPED, 'context-check-intercept-config.xml'));
    expect(all(condition, 'entry').map((one) => one.attributes['key'])).toEqual(['usherUser']);
    expect(text('saml-nameid.properties')).toContain('sourceAttribute = usherUser');
    const beans = all(await read(path.join(SHIPPED, 'global.xml')), 'bean');
    const source = beans[0]?.attributes['id'];
    expect(text('saml-nameid.properties')).toContain(`dataSource = ${source}`);
    const used = all(resolver, 'BeanManagedConnection').map((one) => one.text);
    expect(new Set(used)).toEqual(new Set([source]));
  });

  it.each(['postgresql', 'mysql', 'sqlite'])(
    'name properties that %s has, and no others',
    (kind) => {
      const used = XML.flatMap((file) => [...text(file).matchAll(/%\{([^}]*)\}/g)]);
      expect(new Set(used.map(([, name]) => name))).toEqual(new Set(Object.keys(properties(kind))));
    },
  );

  onEveryDatabase((where) => {
    let connector: Connector;
    let kind: string;
    let ask: (query: string) => Promise<readonly Record<string, unknown>[]>;
    let close: () => Promise<void> = async () => undefined;

    const create = (name: string, more: Attributes = {}, active = true) =>
      connector.create(
        'user',
        { attributes: { username: [name], ...more }, active },
        `owner-${name}`,
        call(),
      );
    /** What the data connector finds for whoever has logged in under that name. */
    const found = async (id: string, principal: string): Promise<unknown[]> => {
      const one = all(resolver, 'DataConnector').find(({ attributes }) => attributes['id'] === id);
      if (!one) throw new Error(`no data connector ${id}`);
      // Properties are put in before the template is used, whose engine doubles single quotes in what it inserts.
      const query = (all(one, 'QueryTemplate')[0]?.text ?? '')
        .replace(/%\{([^}]*)\}/g, (_all, name: string) =>
          name === 'usher.idpEntityId'
            ? IDP.replaceAll("'", "''")
            : String(properties(kind)[name] ?? `%{${name}}`),
        )
        .replace('$resolutionContext.principal', () => principal.replaceAll("'", "''"));
      const column = all(one, 'Column')[0]?.attributes['columnName'] ?? '';
      return (await ask(query)).map((row) => {
        expect(Object.keys(row)).toEqual([column]);
        return row[column];
      });
    };

    beforeAll(async () => {
      const { database, secrets, query } = where();
      kind = (database as { kind: string }).kind;
      ask = query;
      if (kind === 'mysql') {
        const { host, port, database: name, user } = database as never as Record<string, string>;
        const { databasePassword: password } = secrets as { databasePassword: string };
        const session = await createConnection({
          host,
          port: Number(port),
          database: name,
          user,
          password,
        });
        const variables = /sessionVariables=(.*)$/.exec(properties('mysql')['usher.jdbcURL'] ?? '');
        await session.query(`SET SESSION ${variables?.[1]}`);
        ask = async (text) => (await session.query(text))[0] as Record<string, unknown>[];
        close = () => session.end();
      }
      connector = openSaml({ database, idpEntityId: IDP }, secrets);
      const user = await create('kit', {
        mail: ['b@x.test', 'a@x.test'],
        displayName: ['Kit <&>"É" \'漢字😀'],
        role: ['sponsor'],
        notOnOrAfter: ['2099-01-01T00:00:00Z'],
      });
      const group = { attributes: { name: ["vpn & 'users'"] }, active: true };
      const written = await connector.create('group', group, 'g', call());
      await connector.members(written, { add: [user], remove: [] }, call());
      await create('off', { mail: ['off@x.test'] }, false);
      await create('late', { mail: ['late@x.test'], notOnOrAfter: ['2020-01-01T00:00:00Z'] });
      for (const name of NASTY) await create(name, { mail: [`${NASTY.indexOf(name)}@x.test`] });
    });
    afterAll(async () => {
      await close();
      await connector.close();
    });

    it('give what is provisioned', async () => {
      expect(await found('usher', 'kit')).toEqual(['kit']);
      expect(await found('usherRole', 'kit')).toEqual(['sponsor']);
      expect(await found('usher-mail', 'kit')).toEqual(['a@x.test', 'b@x.test']);
      expect(await found('usher-displayName', 'kit')).toEqual(['Kit <&>"É" \'漢字😀']);
      expect(await found('usher-isMemberOf', 'kit')).toEqual(["vpn & 'users'"]);
      expect(await found('usher-sn', 'kit')).toEqual([]);
      expect(await found('usherRole', NASTY[0] ?? '')).toEqual([]);
    });

    it.each(['off', 'late', 'stranger', 'KIT', 'kit ', "' OR '1'='1", "\\' OR 1=1 -- x"])(
      'give nothing at all to %s',
      async (name) => {
        for (const one of all(resolver, 'DataConnector')) {
          expect(await found(one.attributes['id'] ?? '', name)).toEqual([]);
        }
      },
    );

    it.each(NASTY)('give %s nothing but what is theirs', async (name) => {
      expect(await found('usher', name)).toEqual([name]);
      expect(await found('usher-mail', name)).toEqual([`${NASTY.indexOf(name)}@x.test`]);
    });

    it('follow the user', async () => {
      const user = await create('rosa', { mail: ['r@x.test'] });
      expect(await found('usher', 'rosa')).toEqual(['rosa']);
      const off = await connector.setActive('user', user, false, call());
      expect(await found('usher', 'rosa')).toEqual([]);
      await connector.setActive('user', off, true, call());
      expect(await found('usher-mail', 'rosa')).toEqual(['r@x.test']);
      await connector.remove('user', off, call());
      expect(await found('usher-mail', 'rosa')).toEqual([]);
    });
  });
});
