/** The tokens a rule can give to its users, and who has which (requirement A4). */
import { type OtpChoice, type TokenKind } from './otp';
import { type Page } from './ports';
import { type Resource } from './resource';

export interface Token {
  readonly id: string;
  readonly ruleId: string;
  /** No two tokens have the same, of whatever rules. */
  readonly serial: string;
  readonly kind: TokenKind;
  /** Who has it; absent: it is free. */
  readonly userId?: string;
  /** It is about to be removed: nobody gets it any more. */
  readonly retired: boolean;
  readonly createdAt: Date;
}

export type NewToken = Pick<Token, 'serial' | 'kind'>;

export interface TokenFilter {
  readonly ruleId: string;
  readonly kind?: TokenKind;
  readonly free?: boolean;
}

export interface TokenStore {
  /** All of them, or none when some serial numbers are taken, which are then answered. */
  add(ruleId: string, tokens: readonly NewToken[]): Promise<readonly string[]>;
  list(
    query: TokenFilter & { readonly after?: string; readonly limit: number },
  ): Promise<Page<Token>>;
  count(filter: TokenFilter): Promise<number>;
  find(id: string): Promise<Token | undefined>;
  /** From now on nobody has the token, and {@link TokenAssignments.retired} finds it until it is gone. False: no such token. */
  retire(id: string): Promise<boolean>;
}

/** One token is one document that names at most one user, and a user has at most one token of each kind. */
export interface TokenAssignments {
  /** The token of this kind the user has, or a free one that is the user's from now on. */
  take(ruleId: string, kind: TokenKind, userId: string): Promise<Token | undefined>;
  /** Whether the user still has the token; it is then kept until it is released. */
  confirm(token: Token, userId: string): Promise<boolean>;
  /** Frees the tokens of the users but the one. */
  release(userIds: readonly string[], exceptSerial?: string): Promise<void>;
  /** Tokens that were taken before that time by somebody who could not finish. */
  unconfirmed(before: Date, limit: number): Promise<readonly Token[]>;
  /** Rules with free tokens, and of which kinds. */
  free(): Promise<ReadonlyMap<string, readonly TokenKind[]>>;
  retired(limit: number): Promise<readonly Token[]>;
  erase(id: string): Promise<void>;
}

/** What was decided for users, in their own documents. */
export interface OtpChoiceStore {
  /**
   * Only while the user is at that generation. What differs from an earlier choice makes a new generation that waits to be
   * fanned out, in the same write. Answers the generation afterwards; undefined: the user has changed.
   */
  choose(user: Resource, choice: OtpChoice | undefined): Promise<number | undefined>;
  /** Makes a user wait to be fanned out, and so to be looked at again. */
  review(userId: string): Promise<void>;
  /** Users of the rule that would rather have such a token, by ascending id. */
  waiting(
    ruleId: string,
    kinds: readonly TokenKind[],
    after: string | undefined,
    limit: number,
  ): Promise<readonly string[]>;
}
