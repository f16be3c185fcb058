/** Reads FreeRADIUS dictionary files: which attributes there are, of what type, and which values have names. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ConnectorError } from '../spi';
import { fault, type Definition } from './types';

const DEPTH = 10;

/** The attributes a FreeRADIUS server knows. */
export class Dictionary {
  private readonly definitions = new Map<string, Definition>();
  /** Inside BEGIN-VENDOR and END-VENDOR. */
  private isVendor = false;

  /** Reads the file and all it includes; fails with the error of the file system. */
  constructor(file: string) {
    this.include(file, 0);
  }

  get size(): number {
    return this.definitions.size;
  }

  /** Fails with `invalid` for an attribute or value that would make the server reject the user. */
  check(name: string, attribute: string, values: readonly string[]): void {
    const [plain = '', tag] = attribute.split(':');
    const definition = this.definitions.get(plain.toLowerCase());
    if (!definition) {
      throw new ConnectorError(
        'invalid',
        `${name}: the dictionary has no attribute ${plain}. Correct the mapping, or add the attribute to the server's dictionary.`,
        { attribute: name },
      );
    }
    if (tag !== undefined && (!definition.hasTag || Number(tag) > 31)) {
      // RFC 2868 section 3.1: tags go from 1 to 31; FreeRADIUS writes 0 for none.
      throw new ConnectorError(
        'invalid',
        definition.hasTag
          ? `${name}: a tag is a number from 0 to 31`
          : `${name}: ${plain} takes no tag; leave :${tag} out of the mapping`,
        { attribute: name },
      );
    }
    for (const value of values) {
      const problem = fault(definition, value, tag !== undefined);
      if (problem === undefined) continue;
      throw new ConnectorError(
        'invalid',
        `${name}: a value is not of type ${definition.type}: ${problem}`,
        { attribute: name },
      );
    }
  }

  private include(file: string, depth: number): void {
    if (depth > DEPTH) throw new Error(`${file}: included too deeply`);
    const outer = this.isVendor;
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const [word = '', ...fields] = line.replace(/#.*/, '').trim().split(/\s+/);
      this.line(word.toUpperCase(), fields, { folder: path.dirname(file), depth });
    }
    this.isVendor = outer;
  }

  private line(
    word: string,
    [first = '', second = '', third = '', flags = '']: readonly string[],
    place: { readonly folder: string; readonly depth: number },
  ): void {
    switch (word) {
      case '$INCLUDE':
      case '$INCLUDE-': {
        const file = path.resolve(place.folder, first);
        if (word === '$INCLUDE' || statSync(file, { throwIfNoEntry: false })) {
          this.include(file, place.depth + 1);
        }
        return;
      }
      case 'BEGIN-VENDOR':
      case 'END-VENDOR':
        this.isVendor = word === 'BEGIN-VENDOR';
        return;
      case 'ATTRIBUTE':
        this.definitions.set(first.toLowerCase(), {
          type: third.replace(/\[.*/, '').toLowerCase(),
          hasTag: flags.split(',').includes('has_tag'),
          isVendor: this.isVendor,
          values: new Set(),
        });
        return;
      case 'VALUE':
        this.definitions.get(first.toLowerCase())?.values.add(second.toLowerCase());
        return;
      default:
    }
  }
}
