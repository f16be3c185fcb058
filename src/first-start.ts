/** What a start prints for people and for scripts: where things are and, once, the secrets. */
import path from 'node:path';

export type Print = (line: string) => void;

/** Where identity providers and administrators go. */
export function printAddresses(url: string, print: Print): void {
  print(`SCIM base URL: ${url}/scim/v2`);
  print(`GraphQL: ${url}/graphql`);
}

/** At once when it is durable: it is not shown again, whatever happens next. */
export function printAdministratorKey(key: string, print: Print): void {
  print(`Administrator key: ${key}`);
}

/** As {@link printAdministratorKey}. */
export function printSecretToken(token: string, print: Print): void {
  print(`Secret token: ${token}`);
}

export interface QuickStarted {
  readonly url: string;
  readonly secretToken: string;
  readonly administratorKey: string;
  /** Where the directories of the quick start are. */
  readonly dataDir: string;
}

/** What to do first. */
export function printFirstSteps(started: QuickStarted, print: Print): void {
  const { url, secretToken, administratorKey, dataDir } = started;
  for (const line of [
    '',
    'Keep the token and the key now: they are stored as hashes only and not shown again.',
    '',
    'Provision a user, then see it in both directories of the rule "Quick start":',
    '',
    ...tryIt(url, secretToken, administratorKey),
    showTables(dataDir),
  ]) {
    print(line);
  }
}

/** Looks into the two SQLite files with what is installed anyway; to be run where Usher's package.json is. */
function showTables(dataDir: string): string {
  const queries = JSON.stringify({
    [path.join(dataDir, 'radius.db')]: 'SELECT username, attribute, op, value FROM radreply',
    [path.join(dataDir, 'saml.db')]: 'SELECT username, name_id, active FROM saml_user',
  });
  return `node -e 'for (const [file, sql] of Object.entries(${queries})) console.table(new (require("libsql"))(file).prepare(sql).all())'`;
}

/** Commands that can be pasted as they are. */
function tryIt(url: string, secretToken: string, administratorKey: string): string[] {
  const user = JSON.stringify({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName: 'ada@example.com',
    name: { givenName: 'Ada', familyName: 'Lovelace' },
    emails: [{ type: 'work', value: 'ada@example.com' }],
  });
  const query = JSON.stringify({
    query:
      '{ users(first: 5) { nodes { userName bindings { state reference target { name connector } } } } }',
  });
  return [
    `curl -sS -H 'Authorization: Bearer ${secretToken}' -H 'Content-Type: application/scim+json' -d '${user}' ${url}/scim/v2/Users; echo`,
    'sleep 1',
    `curl -sS -H 'Authorization: Bearer ${administratorKey}' -H 'Content-Type: application/json' -d '${query}' ${url}/graphql; echo`,
  ];
}
