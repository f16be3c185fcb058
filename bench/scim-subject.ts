/** What the benchmark asks of a SCIM server, and how it measures the answers. */
import autocannon from 'autocannon';

export interface Subject {
  readonly url: string;
  readonly token: string;
  readonly ids: string[];
  groupId: string;
}

const CONNECTIONS = 10;
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

export const user = (name: string): string =>
  JSON.stringify({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User', ENTERPRISE],
    userName: name,
    externalId: `ext-${name}`,
    displayName: `Kit ${name}`,
    active: true,
    title: 'Miller',
    preferredLanguage: 'en',
    name: { givenName: 'Kit', familyName: name, formatted: `Kit ${name}` },
    emails: [{ type: 'work', value: `${name}@example.test`, primary: true }],
    phoneNumbers: [{ type: 'work', value: '+31 6 0000 0001' }],
    [ENTERPRISE]: { department: 'Milling', employeeNumber: '7731', organization: 'Northmill' },
  });

export const patch = (...operations: object[]): string =>
  JSON.stringify({
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: operations,
  });

const headersOf = ({ token }: Subject) => ({
  authorization: `Bearer ${token}`,
  'content-type': 'application/scim+json',
});

export async function send(subject: Subject, method: string, resource: string, body?: string) {
  const response = await fetch(`${subject.url}/scim/v2${resource}`, {
    method,
    headers: headersOf(subject),
    ...(body === undefined ? {} : { body }),
  });
  if (!response.ok) throw new Error(`${method} ${resource}: ${await response.text()}`);
  return (response.status === 204 ? {} : await response.json()) as { id: string };
}

/** Makes users until there are so many. */
export async function load(subject: Subject, users: number): Promise<void> {
  while (subject.ids.length < users) {
    const first = subject.ids.length;
    const some = Array.from({ length: Math.min(50, users - first) }, (_, i) =>
      user(`u${first + i}`),
    );
    const made = await Promise.all(some.map((body) => send(subject, 'POST', '/Users', body)));
    subject.ids.push(...made.map(({ id }) => id));
    if (subject.ids.length % 1_000 === 0) {
      process.stderr.write(`\r${subject.ids.length} of ${users} users loaded `);
    }
  }
  process.stderr.write('\n');
}

/** A group of the first users; a body holds only so many. */
export async function makeGroup(subject: Subject, name: string, members: number): Promise<string> {
  const group = JSON.stringify({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName: name,
  });
  const { id } = await send(subject, 'POST', '/Groups', group);
  for (let first = 0; first < members; first += 10_000) {
    const some = subject.ids.slice(first, Math.min(first + 10_000, members));
    const value = some.map((member) => ({ value: member }));
    const body = patch({ op: 'add', path: 'members', value });
    await send(subject, 'PATCH', `/Groups/${id}`, body);
  }
  return id;
}

export type Request = (subject: Subject) => autocannon.Request;

let serial = 0;

export const someId = ({ ids }: Subject): string =>
  ids[Math.floor(Math.random() * ids.length)] ?? '';

const filtered = (filter: string): autocannon.Request => ({
  method: 'GET',
  path: `/Users?filter=${encodeURIComponent(filter)}`,
});

export const REQUESTS = {
  get: (subject) => ({ method: 'GET', path: `/Users/${someId(subject)}` }),
  userName: ({ ids }) => filtered(`userName eq "u${Math.floor(Math.random() * ids.length)}"`),
  externalId: ({ ids }) =>
    filtered(`externalId eq "ext-u${Math.floor(Math.random() * ids.length)}"`),
  post: () => ({ method: 'POST', path: '/Users', body: user(`n${(serial += 1)}`) }),
  active: (subject) => ({
    method: 'PATCH',
    path: `/Users/${someId(subject)}`,
    body: patch({ op: 'replace', path: 'active', value: (serial += 1) % 2 === 0 }),
  }),
  member: (subject) => ({
    method: 'PATCH',
    path: `/Groups/${subject.groupId}`,
    body: patch({ op: 'add', path: 'members', value: [{ value: someId(subject) }] }),
  }),
} satisfies Record<string, Request>;

/** Adds users who are no members to a group, and takes them out again: its size stays. */
export function turnover(groupId: string, outsiders: readonly string[]): Request {
  let at = 0;
  return () => {
    const id = outsiders[(at >> 1) % outsiders.length] ?? '';
    const operation =
      at % 2 === 0
        ? { op: 'add', path: 'members', value: [{ value: id }] }
        : { op: 'remove', path: `members[value eq "${id}"]` };
    at += 1;
    return { method: 'PATCH', path: `/Groups/${groupId}`, body: patch(operation) };
  };
}

export interface Figure {
  readonly perSecond: number;
  readonly p99: number;
  /** Answers that were no success. */
  readonly failed: number;
}

/** `rate`: requests a second; as many as are answered when there is none. */
export async function measure(
  subject: Subject,
  request: Request,
  seconds: number,
  rate?: number,
): Promise<Figure> {
  const result = await autocannon({
    url: subject.url,
    connections: CONNECTIONS,
    duration: seconds,
    ...(rate === undefined ? {} : { overallRate: rate }),
    requests: [
      {
        setupRequest: (initial) => {
          const { method, path, body } = request(subject);
          return {
            ...initial,
            method,
            path: `/scim/v2${path ?? ''}`,
            headers: headersOf(subject),
            ...(body === undefined ? {} : { body }),
          };
        },
      },
    ],
  });
  const failed = result.non2xx + result.errors;
  return { perSecond: result.requests.average, p99: result.latency.p99, failed };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
