/** FreeRADIUS's tables as an onlooker sees them. */
import type { Attributes, EntryKind } from '../../connectors/spi';
import type { Query } from '../support/sql';
import type { Directory } from './connector.contract';

const SAFE = /[^@a-zA-Z0-9.\-_: /\u0080-\u{10ffff}]/gu;

/** A name as the stock queries of FreeRADIUS ask for it, said in other words than the connector's. */
function asked(kind: EntryKind, name: string): string {
  const printed = kind === 'user' ? name.replaceAll('\\', '\\\\').replaceAll('"', '\\"') : name;
  return printed.replace(SAFE, (unsafe) => `=${Buffer.from(unsafe).toString('hex').toUpperCase()}`);
}

/** A value as FreeRADIUS takes it in. */
function taken(value: string): string {
  return (/^".*"$/.test(value) ? value.slice(1, -1) : value).replace(/\\(.)/g, '$1');
}

/** The tables, looked at without the connector. */
export function lookAtTables(
  query: Query,
  more: Partial<Directory> & Pick<Directory, 'settings' | 'secrets' | 'stop'>,
): Directory {
  const rows = async (table: string, key: string, name: string) =>
    (await query(`SELECT attribute, op, value FROM ${table} WHERE ${key} = ? ORDER BY id`, [
      name,
    ])) as {
      attribute: string;
      op: string;
      value: string;
    }[];
  const entry = async (kind: EntryKind, name: string): Promise<Attributes | undefined> => {
    const ours = await query('SELECT id FROM usher_radius_entry WHERE kind = ? AND name = ?', [
      kind,
      name,
    ]);
    const key = kind === 'user' ? 'username' : 'groupname';
    const [check, reply] =
      kind === 'user' ? ['radcheck', 'radreply'] : ['radgroupcheck', 'radgroupreply'];
    const attributes: Record<string, string[]> = {
      [kind === 'user' ? 'User-Name' : 'Group-Name']: [name],
    };
    let found = ours.length;
    for (const [place, table] of [
      ['check', check],
      ['reply', reply],
    ] as const) {
      for (const row of await rows(table, key, asked(kind, name))) {
        found += 1;
        (attributes[`${place}:${row.attribute}`] ??= []).push(taken(row.value));
      }
    }
    return found > 0 ? attributes : undefined;
  };
  return {
    secretValues: [],
    entry,
    count: async (kind) =>
      Number(
        (await query('SELECT count(*) AS n FROM usher_radius_entry WHERE kind = ?', [kind]))[0]?.[
          'n'
        ],
      ),
    members: async (group) =>
      (await query('SELECT username FROM radusergroup WHERE groupname = ?', [group])).map((row) =>
        String(row['username']),
      ),
    active: async (name) =>
      (
        await query(
          "SELECT 1 AS one FROM radcheck WHERE username = ? AND attribute = 'Auth-Type' AND value = 'Reject'",
          [asked('user', name)],
        )
      ).length === 0,
    ...more,
  };
}
