/** The dictionary a target is checked against: read once, when it is first needed. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ConnectorError, type TestStep } from '../spi';
import { step } from '../sql/checks';
import { Dictionary } from './dictionary';
import type { RowRule } from './profile';

/** Where FreeRADIUS's packages put it. */
const USUAL: readonly string[] = [
  '/usr/share/freeradius/dictionary',
  '/usr/local/share/freeradius/dictionary',
  '/etc/raddb/dictionary',
];

/** Operators that look at the presence or at the text of an attribute: what they compare with has no type. */
const UNTYPED: readonly string[] = ['=*', '!*', '=~', '!~'];

/** A dictionary by its file name; without one nothing is checked, except where it is demanded. */
export class DictionaryFile {
  private readonly file: string | undefined;
  private loaded: Dictionary | undefined;

  constructor(options: {
    readonly setting: string | undefined;
    readonly dataDir: string;
    /** The store would break without: then a usual place serves when none is set. */
    readonly isDemanded: boolean;
  }) {
    const { setting, dataDir, isDemanded } = options;
    if (setting !== undefined) this.file = path.resolve(dataDir, setting);
    else if (isDemanded) this.file = USUAL.find((file) => existsSync(file)) ?? USUAL[0];
  }

  /** Refuses what the server would not know. A server has to be restarted for a new dictionary too. */
  rule(): RowRule {
    if (this.file === undefined) return () => undefined;
    const dictionary = this.load(this.file);
    return (_kind, name, _place, row) =>
      dictionary.check(name, row.attribute, UNTYPED.includes(row.op) ? [] : [row.value]);
  }

  /** Reads it anew. */
  async test(): Promise<TestStep> {
    const { file } = this;
    if (file === undefined) return hint();
    return step('dictionary', async () => {
      this.loaded = undefined;
      return `${this.load(file).size} attributes in ${file}`;
    });
  }

  private load(file: string): Dictionary {
    try {
      return (this.loaded ??= new Dictionary(file));
    } catch (error) {
      throw new ConnectorError(
        'invalid',
        `the dictionary cannot be read: ${(error as Error).message}. Set \`dictionary\` to a copy of the server's.`,
      );
    }
  }
}

function hint(): TestStep {
  const found = USUAL.find((file) => existsSync(file));
  return {
    name: 'dictionary',
    state: 'warning',
    message: 'no dictionary is set: unknown attributes are noticed by the server only',
    remedy: found
      ? `Set \`dictionary\` to ${found}, which is on this machine.`
      : "Copy the server's dictionary files here and set `dictionary` to the first of them.",
  };
}
