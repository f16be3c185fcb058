/** What a start prints for people and for scripts: where things are and, once, the secrets. */
import path from 'node:path';

export interface FirstStart {
  readonly url: string;
  /** Of the rule "Quick start", when this start made it. */
  readonly secretToken?: string;
  /** When this start generated it. */
  readonly administratorKey?: string;
  /** Where the directories of the quick start are. */
  readonly dataDir: string;
}

export function firstStartLines(start: FirstStart): string[] {
  const { url, secretToken, administratorKey, dataDir } = start;
  const lines = [`SCIM base URL: ${url}/scim/v2`];
  if (secretToken) lines.push(`Secret token: ${secretToken}`);
  lines.push(`GraphQL: ${url}/graphql`);
  if (administratorKey) lines.push(`Administrator key: ${administratorKey}`);
  if (secretToken ?? administratorKey) {
    lines.push('', 'Keep the secrets now: they are stored as hashes only and not shown again.');
  }
  if (secretToken && administratorKey) {
    lines.push(
      '',
      'Provision a user, then see it in both directories of the rule "Quick start":',
      '',
    );
    lines.push(...tryIt(url, secretToken, administratorKey), showTables(dataDir));
  }
  return lines;
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
