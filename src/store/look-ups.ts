/** Documents by key: look-ups that come at the same time are one command. */
import { Batcher } from './batcher';

interface Asked {
  readonly scope: string;
  readonly keys: readonly string[];
}

export interface LookUpSource<Document> {
  /** The documents that have one of the keys. */
  find(keys: readonly string[], scope: string): Promise<readonly Document[]>;
  keysOf(document: Document): readonly string[];
}

/** A call that asks for more goes alone, so that no command becomes too large. */
const MOST_SHARED = 100;

export class LookUps<Document> {
  private readonly batcher: Batcher<Asked, readonly Document[]>;

  constructor(private readonly source: LookUpSource<Document>) {
    this.batcher = new Batcher((asked) => this.findAll(asked));
  }

  /** The documents that have one of the keys; `scope` is handed on, and never mixed with another one. */
  read(scope: string, keys: readonly string[]): Promise<readonly Document[]> {
    if (keys.length === 0) return Promise.resolve([]);
    if (keys.length > MOST_SHARED) return this.source.find(keys, scope);
    return this.batcher.submit({ scope, keys });
  }

  private async findAll(asked: readonly Asked[]): Promise<readonly (readonly Document[])[]> {
    const scopes = new Map<string, Set<string>>();
    for (const { scope, keys } of asked) {
      const known = scopes.get(scope);
      if (known) keys.forEach((key) => known.add(key));
      else scopes.set(scope, new Set(keys));
    }
    const found = new Map<string, ReadonlyMap<string, readonly Document[]>>();
    await Promise.all(
      [...scopes].map(async ([scope, keys]) => {
        found.set(scope, this.byKey(await this.source.find([...keys], scope)));
      }),
    );
    return asked.map(({ scope, keys }) => distinct(keys, found.get(scope)));
  }

  private byKey(documents: readonly Document[]): ReadonlyMap<string, readonly Document[]> {
    const result = new Map<string, Document[]>();
    for (const document of documents) {
      for (const key of this.source.keysOf(document)) {
        const others = result.get(key);
        if (others) others.push(document);
        else result.set(key, [document]);
      }
    }
    return result;
  }
}

/** A document that has several of the keys is answered once. */
function distinct<Document>(
  keys: readonly string[],
  found: ReadonlyMap<string, readonly Document[]> | undefined,
): readonly Document[] {
  const [only = ''] = keys;
  if (keys.length === 1) return found?.get(only) ?? [];
  return [...new Set(keys.flatMap((key) => found?.get(key) ?? []))];
}
