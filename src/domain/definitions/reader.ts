/** Documents from outside, read member by member. What is wrong is noted with the way to it, so that all is told at once. */
import { type InputIssue } from '../ports';

export class Reader {
  private constructor(
    private readonly object: Readonly<Record<string, unknown>>,
    readonly path: readonly string[],
    readonly issues: InputIssue[],
  ) {}

  /** Undefined, and noted, when the value is no object. Null is as good as absent, as in all of SCIM. */
  static of(value: unknown, path: readonly string[], issues: InputIssue[]): Reader | undefined {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return new Reader(value as Readonly<Record<string, unknown>>, path, issues);
    }
    issues.push({ path, message: 'Must be an object.' });
    return undefined;
  }

  /** Notes what is wrong with a member, or with the object as a whole. */
  note(name: string | undefined, message: string): void {
    this.issues.push({ path: name === undefined ? this.path : [...this.path, name], message });
  }

  has(name: string): boolean {
    return this.member(name) !== undefined;
  }

  /** Refuses members nobody would look at: mostly a known one, misspelt. */
  onlyKnown(names: readonly string[]): void {
    for (const name of Object.keys(this.object)) {
      if (!names.includes(name)) {
        this.note(name, `Unknown here. Known are: ${names.join(', ')}.`);
      }
    }
  }

  text(name: string, most: number, fallback?: string): string {
    const value = this.member(name);
    if (value === undefined) {
      if (fallback === undefined) this.note(name, 'Is required.');
      return fallback ?? '';
    }
    if (typeof value === 'string' && value.length <= most && !CONTROL.test(value)) return value;
    this.note(
      name,
      `Must be a string of at most ${String(most)} characters, none of them control characters.`,
    );
    return '';
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.member(name);
    if (value === undefined || typeof value === 'boolean') return value ?? fallback;
    this.note(name, 'Must be true or false.');
    return fallback;
  }

  word<Word extends string>(name: string, words: readonly Word[], fallback: Word): Word {
    const value = this.member(name);
    if (value === undefined) return fallback;
    const found = words.find((word) => word === value);
    if (found === undefined) this.note(name, `Must be one of: ${words.join(', ')}.`);
    return found ?? fallback;
  }

  list(name: string, most: number): readonly unknown[] {
    const value = this.member(name);
    if (value === undefined) return [];
    if (!Array.isArray(value)) {
      this.note(name, 'Must be a list.');
      return [];
    }
    if (value.length > most) {
      this.note(name, `May have at most ${String(most)} items.`);
      return [];
    }
    return value as readonly unknown[];
  }

  /** A list of strings, none twice. */
  texts(name: string, most: number): readonly string[] {
    const list = this.list(name, most);
    const isText = (item: unknown): item is string =>
      typeof item === 'string' && item !== '' && item.length <= MAX_WORD && !CONTROL.test(item);
    if (!list.every(isText) || new Set(list).size !== list.length) {
      this.note(
        name,
        `Must be a list of strings of 1 to ${String(MAX_WORD)} characters, each once.`,
      );
      return [];
    }
    return list;
  }

  private member(name: string): unknown {
    if (!Object.hasOwn(this.object, name)) return undefined;
    return this.object[name] ?? undefined;
  }
}

const MAX_WORD = 256;
const CONTROL = /[\p{Cc}\p{Surrogate}]/u;
