/** Reading and writing one attribute of a resource by the name a client's mapping has for it. */

type Resource = Readonly<Record<string, unknown>>;

/** `name.givenName`, `emails[type eq "work"].value` or `urn:...:User:department`; undefined: there is none. */
export function attributeAt(resource: unknown, path: string): unknown {
  if (typeof resource !== 'object' || resource === null) return undefined;
  const urn = /^(urn:.+):([^:]+)$/.exec(path);
  if (urn) return attributeAt((resource as Resource)[urn[1] ?? ''], urn[2] ?? '');
  const filtered = /^(\w+)\[(\w+) eq "?(\w+)"?\](?:\.(\w+))?$/.exec(path);
  if (filtered) {
    const [, list = '', key = '', value = '', sub] = filtered;
    const values = ((resource as Resource)[list] ?? []) as readonly Resource[];
    const selected = values.find((one) => String(one[key]).toLowerCase() === value.toLowerCase());
    return sub === undefined ? selected : selected?.[sub];
  }
  const dot = path.indexOf('.');
  if (dot < 0) return (resource as Resource)[path];
  return attributeAt((resource as Resource)[path.slice(0, dot)], path.slice(dot + 1));
}

/** Puts a value where {@link attributeAt} would look for it. */
export function putAttribute(
  resource: Record<string, unknown>,
  path: string,
  value: unknown,
): void {
  const urn = /^(urn:.+):([^:]+)$/.exec(path);
  const filtered = /^(\w+)\[(\w+) eq "?(\w+)"?\]\.(\w+)$/.exec(path);
  const dot = path.indexOf('.');
  if (urn) {
    putAttribute(objectIn(resource, urn[1] ?? ''), urn[2] ?? '', value);
  } else if (filtered) {
    const [, list = '', key = '', wanted = '', sub = ''] = filtered;
    const values = (resource[list] ??= []) as Record<string, unknown>[];
    let element = values.find((one) => one[key] === wanted);
    if (element === undefined) values.push((element = { [key]: wanted }));
    element[sub] = value;
  } else if (dot >= 0) {
    putAttribute(objectIn(resource, path.slice(0, dot)), path.slice(dot + 1), value);
  } else {
    resource[path] = value;
  }
}

function objectIn(resource: Record<string, unknown>, name: string): Record<string, unknown> {
  return (resource[name] ??= {}) as Record<string, unknown>;
}
