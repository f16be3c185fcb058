/** Real SCIM clients and checkers, against the program as it is started: every rule is created over GraphQL. */
import { describeWithPythonClients, runPythonClient } from '../../support/python-clients';
import { Usher } from '../../support/usher';

jest.setTimeout(300_000);

interface Outcome {
  readonly status: string;
  readonly check: string;
  readonly reason: string;
}

interface Finding {
  readonly name: string;
  readonly status: string;
  readonly message?: string;
}

describeWithPythonClients('SCIM clients written in Python', () => {
  let usher: Usher;
  let url: string;
  let rules = 0;

  beforeAll(async () => {
    usher = await Usher.start({ QUICKSTART: 'off' });
    url = `${usher.url}/scim/v2`;
  });
  afterAll(() => usher.stop());

  const newToken = async (): Promise<string> => {
    rules += 1;
    const target = await usher.createTarget(`SAML ${String(rules)}`, 'saml', {
      database: { kind: 'sqlite', file: `saml-${String(rules)}.db` },
      idpEntityId: 'https://idp.example/idp',
    });
    return (await usher.createRule(`Rule ${String(rules)}`, [{ targetId: target }])).token;
  };

  test('scim2-tester: every check passes, but that `active` cannot be removed', async () => {
    const env = { SCIM_TOKEN: await newToken() };
    const { code, output, errors } = await runPythonClient('python', ['check.py', url], env);
    expect([code, errors]).toEqual([0, '']);
    const outcomes = JSON.parse(output) as Outcome[];
    // Taking the value of `active` away must not reactivate anybody, so that it stays (docs/scim.md).
    const others = outcomes.filter(({ status }) => status !== 'SUCCESS');
    expect(others.map(({ check, reason }) => [check, reason])).toEqual([
      ['check_remove_attribute', "PATCH modify() did not remove attribute 'active'"],
    ]);
    expect(outcomes.length).toBeGreaterThan(120);
  });

  test('scim2-cli: create, modify and find a user', async () => {
    const env = {
      SCIM_CLI_URL: url,
      SCIM_CLI_HEADERS: `Authorization: Bearer ${await newToken()}`,
    };
    const scim2 = async (...args: readonly string[]) => {
      const { code, output, errors } = await runPythonClient('scim2', args, env);
      expect([args, code, errors]).toEqual([args, 0, '']);
      return output.trim() === '' ? undefined : JSON.parse(output);
    };
    const ada = await scim2('create', 'user', '--user-name', 'ada', '--display-name', 'Ada');
    expect(ada).toMatchObject({ userName: 'ada', displayName: 'Ada', active: true });
    const changes = ['replace', 'active', 'false', 'add', 'name.givenName', 'Ada'];
    await scim2('modify', 'user', ada.id, ...changes, 'remove', 'displayName');
    const found = await scim2('query', 'user', '--filter', 'userName eq "ADA" and active eq false');
    expect(found).toMatchObject({ totalResults: 1, Resources: [{ id: ada.id }] });
    expect(found.Resources[0].name).toEqual({ givenName: 'Ada' });
    expect(found.Resources[0]).not.toHaveProperty('displayName');
    const { users } = await usher.graphql('{ users(first: 100) { nodes { id userName active } } }');
    const shown = users.nodes.filter((user: { userName: string }) => user.userName === 'ada');
    expect(shown).toEqual([expect.objectContaining({ active: false })]);
  });

  test('scim-sanity: every check passes, but that PATCH of a group answers 204', async () => {
    const args = ['--i-accept-side-effects', '--json-output', '--token', await newToken()];
    const { output } = await runPythonClient('scim-sanity', ['probe', url, ...args]);
    const { results } = JSON.parse(output) as { readonly results: readonly Finding[] };
    const failed = results.filter(({ status }) => !['pass', 'skip'].includes(status));
    // RFC 7644 section 3.5.2 allows 204 too, and Entra asks for it.
    expect(failed.map(({ name }) => name)).toEqual([
      'PATCH /Groups/{id}',
      'PATCH /Groups/{id} add member',
      'PATCH /Groups/{id} remove members',
    ]);
    for (const { message } of failed) expect(message).toMatch(/Expected (HTTP )?200, got 204/);
    const skipped = results.filter(({ status }) => status === 'skip');
    for (const { message } of skipped) expect(message).toMatch(/Agent(icApplication)? not supp/);
    expect(results.length).toBeGreaterThan(30);
  });
});
