/** Reads FreeRADIUS dictionary files: which attributes there are, and of what type. */
import { readFileSync, statSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { ConnectorError } from '../spi';

interface Definition {
  readonly type: string;
  readonly values: Set<string>;
}

const INTEGERS: readonly string[] = ['byte', 'short', 'integer', 'integer64', 'signed'];
const DEPTH = 10;

function fits({ type, values }: Definition, value: string): boolean {
  if (INTEGERS.includes(type)) {
    return /^-?\d+$|^0x[0-9a-f]+$/i.test(value) || values.has(value.toLowerCase());
  }
  if (type === 'ipaddr') return net.isIPv4(value);
  if (type === 'ipv6addr') return net.isIPv6(value);
  return true;
}

/** The attributes a FreeRADIUS server knows. */
export class Dictionary {
  private readonly definitions = new Map<string, Definition>();

  /** Reads the file and all it includes; fails with the error of the file system. */
  constructor(file: string) {
    this.include(file, 0);
  }

  get size(): number {
    return this.definitions.size;
  }

  /** Fails with `invalid` for an attribute or value that would make the server reject the user. */
  check(name: string, attribute: string, values: readonly string[]): void {
    const definition = this.definitions.get(attribute.replace(/:\d+$/, '').toLowerCase());
    if (!definition) {
      throw new ConnectorError('invalid', `${name}: the dictionary has no attribute ${attribute}`, {
        attribute: name,
      });
    }
    if (values.every((value) => fits(definition, value))) return;
    throw new ConnectorError('invalid', `${name}: a value is not of type ${definition.type}`, {
      attribute: name,
    });
  }

  private include(file: string, depth: number): void {
    if (depth > DEPTH) throw new Error(`${file}: included too deeply`);
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const [word = '', first = '', second = '', third = ''] = line.trim().split(/\s+/);
      this.line(word.toUpperCase(), [first, second, third], path.dirname(file), depth);
    }
  }

  private line(
    word: string,
    [first, second, third]: readonly [string, string, string],
    folder: string,
    depth: number,
  ): void {
    if (word === '$INCLUDE' || word === '$INCLUDE-') {
      const file = path.resolve(folder, first);
      if (word === '$INCLUDE' || statSync(file, { throwIfNoEntry: false }))
        this.include(file, depth + 1);
    } else if (word === 'ATTRIBUTE') {
      const type = third.replace(/\[.*/, '').toLowerCase();
      this.definitions.set(first.toLowerCase(), { type, values: new Set() });
    } else if (word === 'VALUE') {
      this.definitions.get(first.toLowerCase())?.values.add(second.toLowerCase());
    }
  }
}
