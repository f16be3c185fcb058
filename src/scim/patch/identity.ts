/** Which values of a list are the same, found by key: comparing each with each would cost the square of their number. */
import { isObject, property } from '../../domain/attribute-values';
import { type ScimObject, type ScimValue } from '../../domain/resource';

/** Values with the same key are one: `value` and `type` tell values apart; what has no `value` is compared in full. */
export function identityOf(element: ScimValue): string {
  if (!isObject(element)) return textOf(element);
  const value = property(element, 'value');
  if (value === undefined) return textOf(element);
  const type = property(element, 'type');
  return `${textOf(value)} ${type === undefined ? '' : textOf(type)}`;
}

/** Descriptions of values to be found in a list. */
export class Descriptions {
  private readonly simple = new Set<string>();
  /** Descriptions that speak of the same sub-attributes, by the names of these. */
  private readonly kinds = new Map<string, { names: readonly string[]; texts: Set<string> }>();

  constructor(descriptions: readonly ScimValue[]) {
    for (const description of descriptions) {
      if (isObject(description)) this.add(description);
      else this.simple.add(textOf(description));
    }
  }

  /** How many look-ups it takes to tell whether a value is described. */
  get lookUps(): number {
    return this.kinds.size + 1;
  }

  describe(element: ScimValue): boolean {
    if (!isObject(element)) return this.simple.has(textOf(element));
    for (const { names, texts } of this.kinds.values()) {
      const text = textOfSome(element, names);
      if (text !== undefined && texts.has(text)) return true;
    }
    return false;
  }

  /** With a `value`, only that and the `type` count; an empty description describes nothing. */
  private add(description: ScimObject): void {
    const all = Object.keys(description).sort();
    const names = all.includes('value') ? all.filter(isIdentity) : all;
    const text = textOfSome(description, names);
    if (names.length === 0 || text === undefined) return;
    const kind = names.join(' ');
    const known = this.kinds.get(kind);
    if (known === undefined) this.kinds.set(kind, { names, texts: new Set([text]) });
    else known.texts.add(text);
  }
}

function isIdentity(name: string): boolean {
  return name === 'value' || name === 'type';
}

/** Undefined: the object lacks one of them. */
function textOfSome(object: ScimObject, names: readonly string[]): string | undefined {
  const texts: string[] = [];
  for (const name of names) {
    const value = property(object, name);
    if (value === undefined) return undefined;
    texts.push(textOf(value));
  }
  return texts.join(' ');
}

/** JSON in which the order of names means nothing; no blank stands outside of its strings. */
function textOf(value: ScimValue): string {
  if (typeof value !== 'object') return JSON.stringify(value);
  if (!isObject(value)) return `[${value.map(textOf).join()}]`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${textOf(value[name] ?? '')}`).join()}}`;
}
