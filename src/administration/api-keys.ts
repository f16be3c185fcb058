import { v7 as uuidv7 } from 'uuid';
import { type ApiKey, type Role } from '../domain/credential';
import { DomainError } from '../domain/error';
import { type CredentialStore } from '../domain/ports';
import { describeToken, hashToken, newSecretToken, type SecretToken } from '../domain/secret-token';
import { issue, nameIssues, refused, tidyName, type Issue, type Outcome } from './issue';

/** The name of the key that the configuration gives; no other key may have it. */
export const CONFIGURED_KEY_NAME = 'ADMIN_API_KEY';

const GENERATED_KEY_NAME = 'First administrator';
const MIN_CONFIGURED_LENGTH = 32;
const MAX_TOKEN_LENGTH = 1024;
const MAX_KEYS_IN_FORCE = 1000;

/** What each role may do includes what the roles before it may. */
const RANK: Readonly<Record<Role, number>> = { AUDITOR: 0, OPERATOR: 1, ADMINISTRATOR: 2 };

/** Whether a key of this role may do what the other role is required for. */
export function roleIncludes(role: Role, required: Role): boolean {
  return RANK[role] >= RANK[required];
}

export interface NewApiKey {
  readonly name: string;
  readonly role: Role;
  readonly expiresAt?: Date;
}

/** An API key with its token; the only time it is readable. */
export interface ApiKeyCreated {
  readonly key: ApiKey;
  readonly token: string;
}

/** Who may administrate: API keys and their roles. */
export class ApiKeys {
  /** Guards look at all keys and then change one, so that goes one after the other. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly credentials: CredentialStore,
    private readonly now: () => Date,
  ) {}

  /** The key a presented token belongs to, if it is in force. */
  async authenticate(token: string): Promise<{ readonly key: ApiKey } | undefined> {
    if (token === '' || token.length > MAX_TOKEN_LENGTH) return undefined;
    const key = await this.credentials.findApiKey(hashToken(token));
    if (key === undefined || !this.inForce(key)) return undefined;
    await this.credentials.touch('apiKey', key.id);
    return { key };
  }

  /** Whether a key that was let in still would be. */
  async isInForce({ hash }: Pick<ApiKey, 'hash'>): Promise<boolean> {
    const key = await this.credentials.findApiKey(hash);
    return key !== undefined && this.inForce(key);
  }

  /** Makes a key, of the creator's own role at most. */
  async create(input: NewApiKey, creator: ApiKey): Promise<Outcome<ApiKeyCreated>> {
    const name = tidyName(input.name);
    return this.inTurn(async () => {
      const issues = [
        ...nameIssues(name),
        ...this.newKeyIssues(name, input, creator),
        ...(await this.limitIssues()),
      ];
      if (issues.length > 0) return { issues };
      const { token, ...rest } = newSecretToken('admin');
      return { value: { key: await this.add({ ...input, name }, rest), token } };
    });
  }

  /** Ends a key at once. The last administrator key in force, and one's own, stay. */
  async revoke(id: string, revoker: ApiKey): Promise<Outcome<ApiKey>> {
    return this.inTurn(async () => {
      const keys = await this.credentials.apiKeys();
      const key = keys.find((one) => one.id === id);
      if (key === undefined) return noSuchKey();
      if (key.revokedAt !== undefined) return { value: key };
      if (
        this.isAdministrator(key) &&
        keys.filter((one) => this.isAdministrator(one)).length === 1
      ) {
        return refused(
          'LAST_ADMIN',
          ['id'],
          'This is the last administrator key in force. Create another one first.',
        );
      }
      if (key.id === revoker.id) {
        return refused('SELF_LOCKOUT', ['id'], 'A key cannot revoke itself. Use another one.');
      }
      const revoked = await this.credentials.revokeApiKey(id);
      return revoked === undefined ? noSuchKey() : { value: revoked };
    });
  }

  /**
   * Sees to it that somebody can administrate. With a configured token, that token is an administrator key, and the
   * key of an earlier configured token ends. Without one, and when there is no administrator key in force, a key is
   * made; its token is the answer and cannot be read again.
   */
  async ensureBootstrapKey(configuredToken?: string): Promise<string | undefined> {
    return this.inTurn(async () => {
      if (configuredToken !== undefined) {
        await this.ensureConfiguredKey(configuredToken);
        return undefined;
      }
      const keys = await this.credentials.apiKeys();
      if (keys.some((key) => this.isAdministrator(key))) return undefined;
      const { token, ...rest } = newSecretToken('admin');
      await this.add({ name: GENERATED_KEY_NAME, role: 'ADMINISTRATOR' }, rest);
      return token;
    });
  }

  private async ensureConfiguredKey(token: string): Promise<void> {
    if (token.length < MIN_CONFIGURED_LENGTH || token.length > MAX_TOKEN_LENGTH) {
      throw new DomainError(
        'invalidValue',
        `${CONFIGURED_KEY_NAME} has at least ${String(MIN_CONFIGURED_LENGTH)} characters.`,
        { field: CONFIGURED_KEY_NAME },
      );
    }
    const { hash, hint } = describeToken(token);
    const keys = await this.credentials.apiKeys();
    const existing = keys.find((key) => key.hash === hash);
    if (existing === undefined) {
      await this.addConfiguredKey({ hash, hint });
    } else if (!this.isAdministrator(existing) && !keys.some((key) => this.isAdministrator(key))) {
      // Letting a revoked token back in would undo a decision; starting without any administrator helps nobody.
      throw new DomainError(
        'invalidValue',
        `${CONFIGURED_KEY_NAME} is revoked or no administrator's key. Set another one.`,
        { field: CONFIGURED_KEY_NAME },
      );
    }
    const replaced = keys.filter(
      (key) => key.name === CONFIGURED_KEY_NAME && key.hash !== hash && this.inForce(key),
    );
    for (const key of replaced) await this.credentials.revokeApiKey(key.id);
  }

  private async addConfiguredKey(token: Omit<SecretToken, 'token'>): Promise<void> {
    try {
      await this.add({ name: CONFIGURED_KEY_NAME, role: 'ADMINISTRATOR' }, token);
    } catch (error) {
      // Another process that started at the same moment was faster: the key is there, which is all that was wanted.
      if ((await this.credentials.findApiKey(token.hash)) === undefined) throw error;
    }
  }

  private async add(input: NewApiKey, token: Omit<SecretToken, 'token'>): Promise<ApiKey> {
    const { name, role, expiresAt } = input;
    const key: ApiKey = {
      id: uuidv7(),
      name,
      role,
      hash: token.hash,
      hint: token.hint,
      createdAt: this.now(),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    };
    await this.credentials.addApiKey(key);
    return key;
  }

  private newKeyIssues(name: string, input: NewApiKey, creator: ApiKey): readonly Issue[] {
    const issues: Issue[] = [];
    if (name === CONFIGURED_KEY_NAME) {
      issues.push(issue('INVALID', ['name'], `The name ${CONFIGURED_KEY_NAME} is reserved.`));
    }
    if (!roleIncludes(creator.role, input.role)) {
      const message = `A key of role ${creator.role} cannot create one of role ${input.role}.`;
      issues.push(issue('INVALID', ['role'], message));
    }
    if (input.expiresAt !== undefined && !(input.expiresAt > this.now())) {
      issues.push(issue('INVALID', ['expiresAt'], 'The expiry lies in the past.'));
    }
    return issues;
  }

  private async limitIssues(): Promise<readonly Issue[]> {
    const inForce = (await this.credentials.apiKeys()).filter((key) => this.inForce(key)).length;
    if (inForce < MAX_KEYS_IN_FORCE) return [];
    const message = `There are ${String(inForce)} API keys. Revoke some first.`;
    return [issue('LIMIT_EXCEEDED', [], message)];
  }

  private inForce(key: ApiKey): boolean {
    return (
      key.revokedAt === undefined && (key.expiresAt === undefined || key.expiresAt > this.now())
    );
  }

  private isAdministrator(key: ApiKey): boolean {
    return key.role === 'ADMINISTRATOR' && this.inForce(key);
  }

  private inTurn<Value>(act: () => Promise<Value>): Promise<Value> {
    const result = this.turn.then(act, act);
    this.turn = result.catch(() => undefined);
    return result;
  }
}

function noSuchKey(): { readonly issues: readonly Issue[] } {
  return refused('NOT_FOUND', ['id'], 'There is no such API key.');
}
