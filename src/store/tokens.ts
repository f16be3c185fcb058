/** Tokens in MongoDB: the ports `TokenStore` and `TokenAssignments`. Every step is one atomic document. */
import { v7 as timeOrderedId } from 'uuid';
import { TOKEN_KINDS, type TokenKind } from '../domain/otp';
import { type Page } from '../domain/ports';
import {
  type NewToken,
  type Token,
  type TokenAssignments,
  type TokenFilter,
  type TokenStore,
} from '../domain/token-pool';
import { documents } from './documents';
import { isDuplicateKey } from './duplicate-key';
import { type Query } from './filter-comparison';
import { type TokenDocument, type TokenModel } from './models/token.model';
import { pageById } from './named-documents';

/** How often two that take a token for the same user may meet. */
const MAX_ATTEMPTS = 5;

/** What makes a token free. */
export const FREED = {
  $set: { free: true },
  $unset: { userId: '', unconfirmedSince: '' },
} as const;

export class MongoTokenStore implements TokenStore, TokenAssignments {
  constructor(private readonly model: TokenModel) {}

  async add(ruleId: string, tokens: readonly NewToken[]): Promise<readonly string[]> {
    const taken = await this.taken(tokens);
    if (taken.length > 0) return taken;
    const batch = timeOrderedId();
    const createdAt = new Date();
    const made = tokens.map(({ serial, kind }): TokenDocument => ({
      _id: timeOrderedId(),
      ruleId,
      serial,
      kind,
      free: true,
      batch,
      createdAt,
    }));
    try {
      await documents(this.model).insertMany(made, { ordered: true });
      return [];
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      // Somebody added one of them at the same moment. What is taken by now belongs to a user and stays.
      await this.model.deleteMany({ ruleId, batch, free: true });
      return this.taken(tokens);
    }
  }

  async list(
    query: TokenFilter & { readonly after?: string; readonly limit: number },
  ): Promise<Page<Token>> {
    const page = await pageById(this.model, tokenQuery(query), query);
    return { ...page, items: page.items.map(toToken) };
  }

  count(filter: TokenFilter): Promise<number> {
    return this.model.countDocuments(tokenQuery(filter)).exec();
  }

  async find(id: string): Promise<Token | undefined> {
    const document = await this.model.findById(id).lean<TokenDocument>();
    return document ? toToken(document) : undefined;
  }

  async retire(id: string): Promise<boolean> {
    const update = { $set: { retired: true, free: false } };
    const { matchedCount } = await documents(this.model).updateOne({ _id: id }, update as object);
    return matchedCount === 1;
  }

  async take(ruleId: string, kind: TokenKind, userId: string): Promise<Token | undefined> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const held = await documents(this.model).findOne({ userId, kind });
      if (held) return held.retired ? undefined : toToken(held);
      try {
        const found = await documents(this.model).findOneAndUpdate(
          { ruleId, kind, free: true },
          { $set: { free: false, userId, unconfirmedSince: new Date() } },
          { sort: { _id: 1 }, returnDocument: 'after' },
        );
        return found ? toToken(found) : undefined;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
    }
    throw new Error('Tokens of one user keep coming and going');
  }

  async confirm({ id }: Token, userId: string): Promise<boolean> {
    const { matchedCount } = await documents(this.model).updateOne(
      { _id: id, userId, retired: { $exists: false } },
      { $unset: { unconfirmedSince: '' } },
    );
    return matchedCount === 1;
  }

  async release(userIds: readonly string[], exceptSerial?: string): Promise<void> {
    if (userIds.length === 0) return;
    const filter = {
      userId: { $in: [...userIds] },
      retired: { $exists: false },
      ...(exceptSerial === undefined ? {} : { serial: { $ne: exceptSerial } }),
    };
    await documents(this.model).updateMany(filter, FREED);
  }

  async unconfirmed(before: Date, limit: number): Promise<readonly Token[]> {
    const found = await this.model
      .find({ unconfirmedSince: { $lte: before } })
      .limit(limit)
      .lean<TokenDocument[]>();
    return found.map(toToken);
  }

  async free(): Promise<ReadonlyMap<string, readonly TokenKind[]>> {
    const ruleIds = await this.model.distinct('ruleId');
    const result = new Map<string, readonly TokenKind[]>();
    for (const ruleId of ruleIds) {
      const kinds: TokenKind[] = [];
      for (const kind of TOKEN_KINDS) {
        if (await this.model.exists({ ruleId, kind, free: true })) kinds.push(kind);
      }
      if (kinds.length > 0) result.set(ruleId, kinds);
    }
    return result;
  }

  async retired(limit: number): Promise<readonly Token[]> {
    const found = await this.model.find({ retired: true }).limit(limit).lean<TokenDocument[]>();
    return found.map(toToken);
  }

  async erase(id: string): Promise<void> {
    await this.model.deleteOne({ _id: id, retired: true });
  }

  private async taken(tokens: readonly NewToken[]): Promise<readonly string[]> {
    const serials = tokens.map(({ serial }) => serial);
    const found = await this.model
      .find({ serial: { $in: serials } }, { serial: 1 })
      .lean<Pick<TokenDocument, 'serial'>[]>();
    return found.map(({ serial }) => serial);
  }
}

function tokenQuery({ ruleId, kind, free }: TokenFilter): Query {
  return {
    ruleId,
    ...(kind === undefined ? {} : { kind }),
    ...(free === undefined ? {} : { free }),
  };
}

function toToken(document: TokenDocument): Token {
  const { _id, ruleId, serial, kind, userId, retired, createdAt } = document;
  const base = { id: _id, ruleId, serial, kind, retired: retired === true, createdAt };
  return userId === undefined ? base : { ...base, userId };
}
