/** Gives users of a rule new names, one after the other, as a SCIM client would; or finds out whether it could. */
import { type ChangeOrigin } from '../../domain/audit';
import { DomainError } from '../../domain/error';
import { type IdentifierDetail, type UserNames, userNameOf } from '../../domain/identifiers';
import { type OperationItem } from '../../domain/operation';
import { type ResourceStore } from '../../domain/ports';
import {
  type Modification,
  type Provisioning,
  type ProvisioningScope,
} from '../../domain/provisioning';
import { type Resource } from '../../domain/resource';
import { type Claim, type ClaimInPage, type NameClaims, settledItem } from './name-claims';

export interface RenamingDeps {
  readonly resources: Pick<ResourceStore, 'findAll' | 'search'>;
  readonly provisioning: Pick<Provisioning, 'modify'>;
}

export interface RenamingContext {
  readonly scope: ProvisioningScope & { readonly origin: ChangeOrigin };
  readonly names: UserNames;
  readonly claims: NameClaims;
  /** Nothing is written. */
  readonly isPreview: boolean;
  /** Called before anything is written: throws when that is no longer this process's business. */
  readonly begin: () => void;
  /** Makes durable what came of users whose turn has not come yet. */
  readonly note: (items: readonly OperationItem[]) => Promise<void>;
}

/** Why a user keeps its name. */
interface Kept extends Pick<IdentifierDetail, 'otherId'> {
  readonly outcome: 'COLLISION' | 'CHANGED' | 'INVALID';
  readonly message: string;
}

/** What came of one attempt. `holder`: that user has the name now. */
type Attempt = 'DONE' | { readonly holder: Resource } | Kept;

/** How often somebody else may be faster. */
const MOST_ATTEMPTS = 10;
/** Users of whom each waits for the name of the next. */
const LONGEST_CHAIN = 50;

const MOVING: ReadonlySet<string> = new Set(['WAITING', 'CONVERTIBLE']);
const REFUSED: ReadonlySet<string> = new Set(['invalidValue', 'tooLarge', 'mutability']);

export class Renaming {
  constructor(
    private readonly deps: RenamingDeps,
    private readonly context: RenamingContext,
  ) {}

  /**
   * Renames the user, after those who have the names that are in the way and are to have others. Nobody gives a name up for
   * somebody who cannot have it in the end, and users who want each other's names keep theirs.
   */
  async settle(claim: ClaimInPage): Promise<OperationItem> {
    if (claim.rivalId !== undefined) {
      const message = 'Another user would get the same name.';
      return settledItem(claim, 'COLLISION', { otherId: claim.rivalId, message });
    }
    const chain: Claim[] = [];
    for (let next: Claim | undefined = claim; ;) {
      chain.push(next);
      const attempt = await this.attempt(next);
      if (attempt === 'DONE') return this.unwind(chain);
      if ('outcome' in attempt) return stuck(chain, attempt);
      const { holder } = attempt;
      next = await this.claimOf(holder);
      if (!next) return stuck(chain, taken(holder));
      if (next.outcome === 'CONVERTIBLE') return settledItem(claim, 'CONVERTIBLE');
      if (chain.some(({ userId }) => userId === holder.id)) {
        return settledItem(claim, 'COLLISION', {
          otherId: otherIn(chain, holder),
          message: CIRCLE,
        });
      }
      if (chain.length === LONGEST_CHAIN) {
        return settledItem(claim, 'COLLISION', { otherId: otherIn(chain, holder), message: LONG });
      }
    }
  }

  /** The last one is done: whoever waited for it follows. */
  private async unwind(chain: readonly Claim[]): Promise<OperationItem> {
    const { isPreview, note } = this.context;
    const [first] = chain as readonly [Claim, ...Claim[]];
    if (isPreview) return settledItem(first, 'CONVERTIBLE');
    const left = [...chain];
    for (let done = left.pop(), next = left.at(-1); done && next; next = left.at(-1)) {
      await note([settledItem(done, 'CONVERTED')]);
      const attempt = await this.attempt(next);
      if (attempt !== 'DONE') {
        return stuck(left, 'holder' in attempt ? taken(attempt.holder) : attempt);
      }
      done = left.pop();
    }
    return settledItem(first, 'CONVERTED');
  }

  private async attempt(claim: Claim): Promise<Attempt> {
    const { isPreview } = this.context;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const [user] = await this.deps.resources.findAll([claim.userId]);
      if (!user || user.deletedAt) return changed('The user is gone.');
      // Also what a process did that died before it could say so.
      if (!isPreview && userNameOf(user) === claim.to) return 'DONE';
      if (!this.isAsClaimed(user, claim)) {
        return changed('The user was changed meanwhile, and kept as it is. Convert once more.');
      }
      const renamed = isPreview ? 'NOT_YET' : await this.rename(user, claim.to);
      if (renamed !== 'NOT_YET') return renamed;
      const holder = await this.holderOf(claim.to);
      if (holder && holder.id !== user.id) return { holder };
      if (isPreview) return 'DONE';
    }
    return changed('The user is being changed by many. Convert once more.');
  }

  /** An identity provider that was faster has the last word. */
  private isAsClaimed(user: Resource, { from, to }: Claim): boolean {
    const now = this.context.names.of(user);
    return userNameOf(user) === from && 'to' in now && now.to === to;
  }

  /** `NOT_YET`: somebody has the name, or the user is no longer what it was. */
  private async rename(user: Resource, to: string): Promise<'DONE' | 'NOT_YET' | Kept> {
    const { scope, begin } = this.context;
    const modification: Modification = {
      onlyMembers: false,
      apply: async (attributes) => ({ attributes: { ...attributes, userName: to } }),
    };
    begin();
    try {
      await this.deps.provisioning.modify(scope, user.id, modification, [user.generation]);
      return 'DONE';
    } catch (error) {
      if (!(error instanceof DomainError) || error.code === 'unavailable') throw error;
      const { code, message } = error;
      return REFUSED.has(code) ? { outcome: 'INVALID', message } : 'NOT_YET';
    }
  }

  private async holderOf(name: string): Promise<Resource | undefined> {
    const { ruleId, schema } = this.context.scope;
    const { resources } = await this.deps.resources.search(
      {
        ruleId,
        filter: { type: 'compare', path: { attribute: 'userName' }, operator: 'eq', value: name },
        from: { offset: 0 },
        limit: 1,
      },
      [schema],
    );
    return resources[0];
  }

  /** What the user is to be called, where that is another name and nobody else's. */
  private async claimOf(holder: Resource): Promise<Claim | undefined> {
    const { names, claims } = this.context;
    const name = names.of(holder);
    const claim = 'to' in name ? await claims.only(holder, name.to) : undefined;
    return claim && MOVING.has(claim.outcome) ? claim : undefined;
  }
}

const CIRCLE =
  "Users want each other's names. Give one of them another name at the identity provider, then convert once more.";
const LONG = 'Too many users wait for the names of each other. Convert once more.';

function changed(message: string): Kept {
  return { outcome: 'CHANGED', message };
}

function taken({ id }: Resource): Kept {
  return { outcome: 'COLLISION', otherId: id, message: 'Another user has the name.' };
}

/** The last of them keeps its name, and so does everybody who waits for it. */
function stuck(chain: readonly Claim[], { outcome, ...why }: Kept): OperationItem {
  const [first, next] = chain as readonly [Claim, ...Claim[]];
  if (next === undefined) return settledItem(first, outcome, why);
  const message = 'Another user has the name, and cannot be given the one it should have.';
  return settledItem(first, 'COLLISION', { otherId: next.userId, message });
}

function otherIn(chain: readonly Claim[], holder: Resource): string {
  return chain[1]?.userId ?? holder.id;
}
