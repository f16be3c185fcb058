/** The port TokenStore in memory, as far as administrators use it. */
import { v7 as timeOrderedId } from 'uuid';
import {
  type NewToken,
  type Token,
  type TokenFilter,
  type TokenStore,
} from '../../src/domain/token-pool';

export class MemoryTokenStore implements TokenStore {
  private readonly tokens = new Map<string, Token>();

  async add(ruleId: string, given: readonly NewToken[]): Promise<readonly string[]> {
    const known = new Set([...this.tokens.values()].map(({ serial }) => serial));
    const taken = given.filter(({ serial }) => known.has(serial)).map(({ serial }) => serial);
    if (taken.length > 0) return taken;
    for (const token of given) {
      const id = timeOrderedId();
      this.tokens.set(id, { ...token, id, ruleId, retired: false, createdAt: new Date() });
    }
    return [];
  }

  async list({ after, limit, ...filter }: Parameters<TokenStore['list']>[0]) {
    const rest = this.matching(filter).filter(({ id }) => after === undefined || id > after);
    return { items: rest.slice(0, limit), hasMore: rest.length > limit };
  }

  async count(filter: TokenFilter): Promise<number> {
    return this.matching(filter).length;
  }

  async find(id: string): Promise<Token | undefined> {
    return this.tokens.get(id);
  }

  async retire(id: string): Promise<boolean> {
    return this.tokens.delete(id);
  }

  private matching({ ruleId, kind, free }: TokenFilter): readonly Token[] {
    return [...this.tokens.values()].filter(
      (token) =>
        token.ruleId === ruleId &&
        (kind === undefined || token.kind === kind) &&
        (free === undefined || free === (token.userId === undefined)),
    );
  }
}
