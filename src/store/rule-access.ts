/** Which rule a secret token opens. Asked by every SCIM request, so the answer is remembered for a moment. */
import { type RuleCredential } from '../domain/credential';
import { type CredentialStore, type SyncRuleStore } from '../domain/ports';
import { type SyncRule } from '../domain/sync-rule';

export interface RuleAccess {
  readonly rule: SyncRule;
  readonly credential: RuleCredential;
}

interface Remembered {
  readonly access: RuleAccess;
  readonly readAt: number;
  readonly expiry: number;
}

/**
 * Changes made by this process count at once, see {@link forgetful}; those of other processes after at most
 * `REMEMBERED_MS`. Unknown tokens are not remembered.
 */
export class RuleAccessCache {
  private readonly remembered = new Map<string, Remembered>();
  /** Counts invalidations, so that an answer read before one is not remembered after it. */
  private epoch = 0;

  constructor(
    private readonly credentials: Pick<CredentialStore, 'findRuleCredential'>,
    private readonly rules: Pick<SyncRuleStore, 'find'>,
  ) {}

  /** The rule of the token with this SHA-256, if there is one and the token is in force. */
  async find(hash: string): Promise<RuleAccess | undefined> {
    const known = this.remembered.get(hash);
    // Neither clock alone: the one may be set back, and by the other no credential expires.
    const isRecent = known && performance.now() - known.readAt < REMEMBERED_MS;
    if (isRecent && known.expiry > Date.now()) return known.access;
    const { epoch } = this;
    const credential = await this.credentials.findRuleCredential(hash);
    const rule = credential && (await this.rules.find(credential.ruleId));
    if (!credential || !rule || rule.deletion) {
      this.remembered.delete(hash);
      return undefined;
    }
    const access = { rule, credential };
    if (epoch === this.epoch) this.remember(hash, access);
    return access;
  }

  forgetAll(): void {
    this.epoch += 1;
    this.remembered.clear();
  }

  private remember(hash: string, access: RuleAccess): void {
    if (this.remembered.size >= REMEMBERED_MOST) this.remembered.clear();
    const expiry = access.credential.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
    this.remembered.set(hash, { access, readAt: performance.now(), expiry });
  }
}

const REMEMBERED_MS = 1_000;
const REMEMBERED_MOST = 10_000;

/** The same store, except that after a call of one of the methods the cache knows nothing any more. */
export function forgetful<Store extends object>(
  store: Store,
  methods: readonly (keyof Store)[],
  cache: Pick<RuleAccessCache, 'forgetAll'>,
): Store {
  return new Proxy(store, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const method = value.bind(target) as (...input: unknown[]) => Promise<unknown>;
      if (!methods.includes(property as keyof Store)) return method;
      return async (...input: unknown[]) => {
        try {
          return await method(...input);
        } finally {
          cache.forgetAll();
        }
      };
    },
  });
}
