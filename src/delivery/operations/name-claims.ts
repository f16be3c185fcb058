/**
 * Who wants which user name in a conversion. A claim is an item of the operation whose key begins with a digest of the name:
 * so those who want the same one stand together, however many there are and in whatever order they came.
 */
import { createHash } from 'node:crypto';
import { fold } from '../../domain/filter/fold';
import {
  type IdentifierDetail,
  type IdentifierOutcome,
  userNameOf,
} from '../../domain/identifiers';
import { type OperationItem, type OperationReader } from '../../domain/operation';
import { type Resource } from '../../domain/resource';

/** A user who is to be called otherwise. */
export interface Claim {
  readonly key: string;
  readonly userId: string;
  readonly from: string;
  readonly to: string;
  readonly outcome: IdentifierOutcome;
}

export interface ClaimInPage extends Claim {
  /** Another user that wants the same name. */
  readonly rivalId?: string;
}

/** Claims in the order of their keys. */
export interface ClaimPage {
  readonly claims: readonly ClaimInPage[];
  readonly isLast: boolean;
}

/** Behind all keys of claims. */
const NO_CLAIM = '~';

export class NameClaims {
  constructor(
    private readonly operations: Pick<OperationReader, 'items'>,
    private readonly itemsOf: string,
  ) {}

  async page(after: string | undefined, limit: number): Promise<ClaimPage> {
    const { items } = await this.operations.items({
      itemsOf: this.itemsOf,
      ...(after === undefined ? {} : { after }),
      // One more shows whom the last one shares its name with.
      limit: limit + 1,
    });
    const found = items.flatMap((item) => toClaim(item) ?? []);
    const keys = [after, ...found.map(({ key }) => key), undefined];
    const claims = found.slice(0, limit).map((claim, index) => {
      const name = nameIn(claim.key);
      const rival = [keys[index], keys[index + 2]].find((key) => key && nameIn(key) === name);
      return rival === undefined ? claim : { ...claim, rivalId: userIn(rival) };
    });
    return { claims, isLast: found.length <= limit };
  }

  /** The claim of a user who wants that name, and is the only one. */
  async only(user: Resource, to: string): Promise<Claim | undefined> {
    const name = digest(to);
    const { items } = await this.operations.items({
      itemsOf: this.itemsOf,
      after: `${name}:`,
      limit: 2,
    });
    const [claim, rival] = items.filter(({ key }) => nameIn(key) === name).map(toClaim);
    return rival === undefined && claim?.userId === user.id ? claim : undefined;
  }
}

export function claimItem(user: Resource, to: string): OperationItem {
  const key = `${digest(to)}:${user.id}`;
  return item(key, 'WAITING', user.id, { from: userNameOf(user), to });
}

/** Of a user who has no new name. */
export function namelessItem(
  user: Resource,
  outcome: IdentifierOutcome,
  message: string,
): OperationItem {
  return item(`${NO_CLAIM}${user.id}`, outcome, user.id, { from: userNameOf(user), message });
}

/** The claim again, with what came of it. */
export function settledItem(
  { key, userId, from, to }: Claim,
  outcome: IdentifierOutcome,
  more: Pick<IdentifierDetail, 'otherId' | 'message'> = {},
): OperationItem {
  return item(key, outcome, userId, { from, to, ...more });
}

function item(
  key: string,
  outcome: IdentifierOutcome,
  resourceId: string,
  detail: IdentifierDetail,
): OperationItem {
  return { key, outcome, resourceId, detail: { ...detail } };
}

function toClaim({ key, outcome, detail }: OperationItem): Claim | undefined {
  if (key.startsWith(NO_CLAIM)) return undefined;
  // Written by this kind of operation.
  const { from, to = '' } = detail as unknown as IdentifierDetail;
  return { key, userId: userIn(key), from, to, outcome: outcome as IdentifierOutcome };
}

/** Names are unique regardless of case (RFC 7643 section 4.1.1). */
function digest(name: string): string {
  return createHash('sha256').update(fold(name)).digest('hex').slice(0, 32);
}

function nameIn(key: string): string {
  return key.slice(0, key.indexOf(':'));
}

function userIn(key: string): string {
  return key.slice(key.indexOf(':') + 1);
}
