/** The rows a change would touch, as SQL, for previews. */
import type { DesiredEntry, Entry, EntryKind, NativeChange } from '../spi';
import { changesBetween } from '../sql/delta';
import { COLUMNS, newGroup, newUser } from './change';
import { MEMBER_OF, NAMING, samlName, serviceProviderOf } from './names';
import type { SamlSettings } from './settings';

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

function planCreate(
  kind: EntryKind,
  desired: DesiredEntry,
  settings: SamlSettings,
): NativeChange[] {
  if (kind === 'group') {
    return [
      change('INSERT', 'saml_group', `(name) VALUES (${literal(newGroup(desired.attributes))})`),
    ];
  }
  const { columns, nameIds, attributes } = newUser(desired.attributes, desired.active, settings);
  const filled = Object.entries(columns).filter(([, value]) => value !== null);
  const [names, values] = [filled.map(([name]) => name), filled.map(([, value]) => value)];
  return [
    change(
      'INSERT',
      'saml_user',
      `(${names.join(', ')}) VALUES (${values.map(literal).join(', ')})`,
    ),
    ...[...nameIds].map(([serviceProvider, nameId]) =>
      change(
        'INSERT',
        'saml_name_id',
        `VALUES (${[columns.username, serviceProvider, nameId].map(literal).join(', ')})`,
      ),
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
    // A NameID that is no longer mapped stays.
    if (column === 'name_id' && next.length === 0) continue;
    if (column !== undefined) {
      sets.push(`${column} = ${literal(next[0] ?? null)}`);
      continue;
    }
    const serviceProvider = serviceProviderOf(attribute);
    if (serviceProvider !== undefined) {
      const detail = `SET name_id = ${literal(next[0] ?? null)} ${where} AND sp_entity_id = ${literal(serviceProvider)}`;
      if (next[0] !== undefined) changes.push(change('UPDATE', 'saml_name_id', detail));
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
  settings: SamlSettings,
): NativeChange[] {
  if (!current) return planCreate(kind, desired, settings);
  return kind === 'group' ? planGroup(current, desired) : planUser(current, desired);
}
