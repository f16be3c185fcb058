/** The rows a change would touch, as SQL, for previews. */
import type { DesiredEntry, Entry, EntryKind, NativeChange } from '../spi';
import { changesBetween } from '../sql/delta';
import { newGroup, newUser } from './change';
import { MEMBER_OF, NAME_ID, NAMING, NOT_ON_OR_AFTER, samlName } from './names';

const COLUMNS = new Map([
  [NAMING.user, 'username'],
  [NAME_ID, 'name_id'],
  [NOT_ON_OR_AFTER, 'not_on_or_after'],
]);

function literal(value: string | number | null): string {
  return typeof value === 'string'
    ? `'${value.replaceAll("'", "''")}'`
    : String(value).toUpperCase();
}

function change(operation: string, object: string, detail: string): NativeChange {
  return { operation, object, detail };
}

function insertValue(username: string, attribute: string, value: string): NativeChange {
  const { name } = samlName(attribute);
  return change(
    'INSERT',
    'saml_attribute',
    `(${attribute}) VALUES (${[username, name, value].map(literal).join(', ')})`,
  );
}

function planCreate(kind: EntryKind, desired: DesiredEntry): NativeChange[] {
  if (kind === 'group') {
    return [
      change('INSERT', 'saml_group', `(name) VALUES (${literal(newGroup(desired.attributes))})`),
    ];
  }
  const { columns, attributes } = newUser(desired.attributes, desired.active);
  const [names, values] = [Object.keys(columns), Object.values(columns)];
  return [
    change(
      'INSERT',
      'saml_user',
      `(${names.join(', ')}) VALUES (${values.map(literal).join(', ')})`,
    ),
    ...[...attributes].flatMap(([attribute, all]) =>
      all.map((value) => insertValue(columns.username, attribute, value)),
    ),
  ];
}

function planGroup(current: Entry, desired: DesiredEntry): NativeChange[] {
  const name = newGroup({ [NAMING.group]: [current.name], ...desired.attributes });
  if (name === current.name) return [];
  const detail = (column: string): string =>
    `SET ${column} = ${literal(name)} WHERE ${column} = ${literal(current.name)}`;
  return [
    change('UPDATE', 'saml_group', detail('name')),
    change('UPDATE', 'saml_attribute', `(${MEMBER_OF}) ${detail('value')}`),
  ];
}

function planUser(current: Entry, desired: DesiredEntry): NativeChange[] {
  const where = `WHERE username = ${literal(current.name)}`;
  const sets = desired.active === current.active ? [] : [`active = ${desired.active ? 1 : 0}`];
  const changes: NativeChange[] = [];
  for (const { attribute, ...values } of changesBetween(current.attributes, desired.attributes)) {
    const next = 'replace' in values ? values.replace : [];
    const column = COLUMNS.get(attribute);
    if (column !== undefined) {
      sets.push(`${column} = ${literal(next[0] ?? null)}`);
      continue;
    }
    const before = current.attributes[attribute] ?? [];
    changes.push(
      ...before
        .filter((value) => !next.includes(value))
        .map((value) =>
          change('DELETE', 'saml_attribute', `(${attribute}) value = ${literal(value)} ${where}`),
        ),
      ...next
        .filter((value) => !before.includes(value))
        .map((value) => insertValue(current.name, attribute, value)),
    );
  }
  if (sets.length === 0) return changes;
  return [change('UPDATE', 'saml_user', `SET ${sets.join(', ')} ${where}`), ...changes];
}

/** The changes that would turn `current` into `desired`; attributes `desired` does not mention stay. */
export function plan(
  kind: EntryKind,
  current: Entry | undefined,
  desired: DesiredEntry,
): NativeChange[] {
  if (!current) return planCreate(kind, desired);
  return kind === 'group' ? planGroup(current, desired) : planUser(current, desired);
}
