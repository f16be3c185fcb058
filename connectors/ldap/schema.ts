/** What the directory's schema (RFC 4512 section 4) allows for the object classes in the settings. */
import { ConnectorError, type EntryKind, type TargetAttribute, type TargetSchema } from '../spi';
import { objectClasses } from './entry-kinds';
import { EVERYTHING, type Exchange } from './exchange';
import { type LdapSettings } from './settings';
import { attributeValues } from './values';
import { settledProfile } from './vendor';

interface AttributeType {
  readonly name: string;
  /** Its other names (RFC 4512 section 4.1.2). */
  readonly aliases: readonly string[];
  readonly sup: string | undefined;
  readonly singleValue: boolean;
  readonly readOnly: boolean;
  readonly maxLength: number | undefined;
}

interface ObjectClass {
  readonly oid: string;
  readonly sup: readonly string[];
  readonly must: readonly string[];
  readonly may: readonly string[];
}

/** The subschema, by lower-case name; every alias leads to the same definition. */
export interface Subschema {
  readonly attributeTypes: ReadonlyMap<string, AttributeType>;
  readonly objectClasses: ReadonlyMap<string, ObjectClass>;
  /** RFC 4512 section 4.1.6: what else entries of a structural class may have, by the class's OID. */
  readonly contentRules: ReadonlyMap<string, ObjectClass>;
}

/** The words after a keyword: `'a'`, `( 'a' 'b' )`, `a` or `( a $ b )`. */
function words(definition: string, keyword: string): string[] {
  const match = new RegExp(` ${keyword} (?:\\(([^)]*)\\)|('[^']*'|[^\\s()]+))`).exec(definition);
  return (match?.[1] ?? match?.[2] ?? '').split(/[\s$]+/).flatMap((word) => {
    const bare = word.replaceAll("'", '');
    return bare === '' ? [] : [bare];
  });
}

function parseAttributeType(definition: string): AttributeType {
  const [name = '', ...aliases] = words(definition, 'NAME');
  const length = /SYNTAX '?[\d.]+\{(\d+)\}/.exec(definition)?.[1];
  return {
    name,
    aliases,
    sup: words(definition, 'SUP')[0],
    singleValue: / SINGLE-VALUE\b/.test(definition),
    readOnly: / NO-USER-MODIFICATION\b/.test(definition),
    maxLength: length === undefined ? undefined : Number(length),
  };
}

function parseClass(definition: string, parents: 'SUP' | 'AUX'): ObjectClass {
  return {
    oid: /^\(\s*([\w.-]+)/.exec(definition)?.[1] ?? '',
    sup: words(definition, parents),
    must: words(definition, 'MUST'),
    may: words(definition, 'MAY'),
  };
}

function byName<T>(
  definitions: readonly string[],
  parse: (definition: string) => T,
): ReadonlyMap<string, T> {
  return new Map(
    definitions.flatMap((definition) => {
      // Descriptions may hold anything, keywords and brackets among it.
      const bare = definition.replace(/ DESC '[^']*'/, '');
      const parsed = parse(bare);
      return words(bare, 'NAME').map((name): [string, T] => [name.toLowerCase(), parsed]);
    }),
  );
}

/** Reads the definitions as the server prints them. */
export function parseSubschema(
  attributeTypes: readonly string[],
  classes: readonly string[],
  contentRules: readonly string[] = [],
): Subschema {
  return {
    attributeTypes: byName(attributeTypes, parseAttributeType),
    objectClasses: byName(classes, (definition) => parseClass(definition, 'SUP')),
    contentRules: new Map(
      contentRules.map((definition) => {
        const rule = parseClass(definition, 'AUX');
        return [rule.oid, rule];
      }),
    ),
  };
}

/** Asks the server for its schema. */
export async function readSubschema(exchange: Exchange): Promise<Subschema> {
  const { subschema } = await exchange.features();
  const entry =
    subschema === undefined
      ? undefined
      : (
          await exchange.search(subschema, 'base', EVERYTHING, [
            ...['attributeTypes', 'objectClasses', 'dITContentRules'],
          ])
        )[0];
  if (!entry) {
    throw new ConnectorError(
      'permission',
      'The directory does not show its schema to the bind DN.',
    );
  }
  return parseSubschema(
    attributeValues(entry['attributeTypes']),
    attributeValues(entry['objectClasses']),
    attributeValues(entry['dITContentRules']),
  );
}

/** The attributes that the classes and all above them demand and allow. */
export function allowedAttributes(
  subschema: Subschema,
  classes: readonly string[],
): { must: ReadonlySet<string>; may: ReadonlySet<string> } {
  const [must, may] = [new Set<string>(), new Set<string>()];
  const pending = classes.map((name) => name.toLowerCase());
  const seen = new Set<string>();
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const definition = subschema.objectClasses.get(name);
    if (!definition || seen.has(name)) continue;
    seen.add(name);
    for (const part of [definition, subschema.contentRules.get(definition.oid)]) {
      for (const one of part?.must ?? []) must.add(one.toLowerCase());
      for (const one of part?.may ?? []) may.add(one.toLowerCase());
      pending.push(...(part?.sup ?? []).map((one) => one.toLowerCase()));
    }
  }
  return { must, may };
}

function maxLength(subschema: Subschema, type: AttributeType): number | undefined {
  let current: AttributeType | undefined = type;
  for (let depth = 0; current && depth < 10; depth += 1) {
    if (current.maxLength !== undefined) return current.maxLength;
    current = subschema.attributeTypes.get(current.sup?.toLowerCase() ?? '');
  }
  return undefined;
}

function describeKind(
  subschema: Subschema,
  kind: EntryKind,
  settings: LdapSettings,
): TargetAttribute[] {
  const { must, may } = allowedAttributes(subschema, objectClasses(kind, settings));
  // Given to every entry by the connector or the server, so that no mapping has to.
  const { values, supplied } = settledProfile(settings.vendor);
  const given = [
    'objectclass',
    ...supplied,
    ...(kind === 'group' ? [settings.memberAttribute.toLowerCase()] : []),
  ];
  return [...new Set([...must, ...may])]
    .flatMap((name) => {
      const type = subschema.attributeTypes.get(name);
      if (!type) return [];
      const rule = values.find((one) => one.attribute === name && one.kinds.includes(kind));
      const length = rule?.maxLength ?? maxLength(subschema, type);
      return [
        {
          name: type.name,
          multiValued: !type.singleValue,
          required: must.has(name) && !given.includes(name),
          readOnly: type.readOnly || rule?.readOnly === true,
          ...(length === undefined ? {} : { maxLength: length }),
          ...(type.aliases.length === 0 ? {} : { aliases: type.aliases }),
        },
      ];
    })
    .sort((one, other) => one.name.localeCompare(other.name));
}

export function targetSchema(subschema: Subschema, settings: LdapSettings): TargetSchema {
  return {
    user: describeKind(subschema, 'user', settings),
    group: describeKind(subschema, 'group', settings),
  };
}
