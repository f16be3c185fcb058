/**
 * Decides which one-time password method each user has, before targets are told of the user. Whatever a crash cuts short is
 * repeated with the fan-out of the user, and repeating changes nothing.
 */
import {
  type DeliveryResources,
  type DeliveryRules,
  type PendingResource,
} from '../../domain/delivery-ports';
import { suits, tokenKindOf, type OtpChoice, type TokenKind } from '../../domain/otp';
import { equalAttributes } from '../../domain/attribute-values';
import { DomainError } from '../../domain/error';
import { type Profile, type Profiles } from '../../domain/profile';
import { USER, type Resource } from '../../domain/resource';
import { type SyncRule } from '../../domain/sync-rule';
import { type OtpChoiceStore, type Token, type TokenAssignments } from '../../domain/token-pool';
import { type Clock } from '../clock';
import { describeError, type Log } from '../log';

export interface OtpChoicesDeps {
  readonly resources: Pick<DeliveryResources, 'findAll'>;
  readonly rules: Pick<DeliveryRules, 'findAll'>;
  readonly tokens: TokenAssignments;
  readonly choices: OtpChoiceStore;
  readonly profiles: Profiles;
  readonly clock: Clock;
  readonly log: Log;
}

const BATCH = 100;
const AT_ONCE = 8;
/** How often a choice is made anew when its user keeps changing. */
const MAX_ATTEMPTS = 20;
/** Whoever took a token has written that down long before. */
const UNCONFIRMED_MS = 60_000;

interface Chosen {
  readonly choice: OtpChoice;
  readonly token?: Token;
}

export class OtpChoices {
  constructor(private readonly deps: OtpChoicesDeps) {}

  /** Decides for users that wait to be fanned out, and answers all of them as they are then. */
  async settlePending(pending: readonly PendingResource[]): Promise<readonly PendingResource[]> {
    const users = pending.filter(({ resourceType }) => resourceType === USER);
    const gone = users.filter(({ deleted }) => deleted).map(({ id }) => id);
    await this.deps.tokens.release(gone);
    const settled = await this.settle(users.filter(({ deleted }) => !deleted));
    return pending.flatMap((one) => {
      if (!settled.has(one.id)) return one;
      const generation = settled.get(one.id);
      return generation === undefined ? [] : { ...one, generation };
    });
  }

  /** Decides for users. By id: the generation they have then; undefined: this failed, and is to be tried again. */
  async settle(
    users: readonly { readonly id: string; readonly ruleId: string }[],
  ): Promise<ReadonlyMap<string, number | undefined>> {
    const settled = new Map<string, number | undefined>();
    if (users.length === 0) return settled;
    const rules = await this.deps.rules.findAll([...new Set(users.map(({ ruleId }) => ruleId))]);
    const concerned = new Map(
      rules.filter(({ otpMethods }) => otpMethods.length > 0).map((rule) => [rule.id, rule]),
    );
    const some = users.filter(({ ruleId }) => concerned.has(ruleId));
    for (let start = 0; start < some.length; start += AT_ONCE) {
      await Promise.all(
        some.slice(start, start + AT_ONCE).map(async ({ id, ruleId }) => {
          const rule = concerned.get(ruleId);
          if (rule) settled.set(id, await this.attempt(id, rule));
        }),
      );
    }
    return settled;
  }

  /** Gives tokens that have become free to those that wait for one, and brings back those that were taken in vain. */
  async tidy(signal: AbortSignal): Promise<void> {
    const { tokens, choices, clock } = this.deps;
    for (const { id, userId } of await tokens.retired(BATCH)) {
      // The user first: it is looked at again, and finds the token gone or about to go.
      if (userId !== undefined) await choices.review(userId);
      await tokens.erase(id);
    }
    const before = new Date(clock.now().getTime() - UNCONFIRMED_MS);
    for (const { userId } of await tokens.unconfirmed(before, BATCH)) {
      if (userId !== undefined) await this.reclaim(userId);
    }
    for (const [ruleId, kinds] of await tokens.free()) {
      if (signal.aborted) return;
      await this.serveWaiting(ruleId, kinds, signal);
    }
  }

  private async reclaim(userId: string): Promise<void> {
    const [user] = await this.deps.resources.findAll([userId]);
    if (user === undefined || user.deletedAt !== undefined) {
      await this.deps.tokens.release([userId]);
      return;
    }
    const settled = await this.settle([user]);
    // Without methods the rule gives nobody a token.
    if (!settled.has(userId)) await this.deps.tokens.release([userId]);
  }

  private async serveWaiting(
    ruleId: string,
    kinds: readonly TokenKind[],
    signal: AbortSignal,
  ): Promise<void> {
    let after: string | undefined;
    do {
      const ids = await this.deps.choices.waiting(ruleId, kinds, after, BATCH);
      await this.settle(ids.map((id) => ({ id, ruleId })));
      after = ids.length < BATCH ? undefined : ids.at(-1);
      const left = (await this.deps.tokens.free()).get(ruleId) ?? [];
      if (!kinds.some((kind) => left.includes(kind))) return;
    } while (after !== undefined && !signal.aborted);
  }

  /** One that fails holds up no other. */
  private async attempt(userId: string, rule: SyncRule): Promise<number | undefined> {
    try {
      return await this.decide(userId, rule);
    } catch (error) {
      this.deps.log('error', 'A one-time password method could not be chosen', {
        resourceId: userId,
        ...describeError(error),
      });
      return undefined;
    }
  }

  private async decide(userId: string, rule: SyncRule): Promise<number | undefined> {
    const { resources, tokens, choices } = this.deps;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const [user] = await resources.findAll([userId]);
      if (user === undefined || user.deletedAt !== undefined) {
        await tokens.release([userId]);
        return undefined;
      }
      const { choice, token } = await this.choose(user, rule);
      const same = user.otp !== undefined && sameChoice(user.otp, choice);
      const generation = same ? user.generation : await choices.choose(user, choice);
      if (generation === undefined) continue;
      // Who was so slow that the token was given back looks again.
      if (token !== undefined && !(await tokens.confirm(token, userId))) continue;
      await tokens.release([userId], token?.serial);
      return generation;
    }
    return undefined;
  }

  private async choose(user: Resource, rule: SyncRule): Promise<Chosen> {
    const profile = this.deps.profiles.of(user, rule);
    const reachable = { email: first(profile, 'email'), mobile: first(profile, 'mobile') };
    const waiting: TokenKind[] = [];
    for (const method of rule.otpMethods) {
      const kind = tokenKindOf(method);
      if (kind === undefined) {
        if (suits(method, reachable)) return { choice: { method, ...waitingFor(waiting) } };
        continue;
      }
      const token = await this.deps.tokens.take(rule.id, kind, user.id);
      if (token !== undefined) {
        const choice = { method, tokenSerial: token.serial, ...waitingFor(waiting) };
        return { choice, token };
      }
      waiting.push(kind);
    }
    return { choice: { missing: true, ...waitingFor(waiting) } };
  }
}

function waitingFor(kinds: readonly TokenKind[]): Pick<OtpChoice, 'waitingFor'> {
  return kinds.length === 0 ? {} : { waitingFor: kinds };
}

/** A value that breaks a limit is none; mappings that ask for it tell. */
function first(profile: Profile, name: 'email' | 'mobile'): string | undefined {
  try {
    return profile.first(name);
  } catch (error) {
    if (error instanceof DomainError && error.code !== 'unavailable') return undefined;
    throw error;
  }
}

function sameChoice(one: OtpChoice, other: OtpChoice): boolean {
  return equalAttributes({ ...one }, { ...other });
}
