import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { v7 as uuidv7 } from 'uuid';
import { type DefinitionDocuments } from '../domain/definitions';
import { type RuleCredential } from '../domain/credential';
import { GUARD_DEFAULTS } from '../domain/guard';
import { RULE_VALUE_DEFAULTS, type RuleValues } from '../domain/rule-values';
import { type SchemaTable } from '../domain/schema-table';
import { extendedTable } from '../domain/extended-table';
import { type InputIssue } from '../domain/ports';
import { rolloutsOf } from '../domain/rollout';
import { newSecretToken } from '../domain/secret-token';
import {
  type DeletePolicy,
  type ScimDefinitions,
  type SyncRule,
  type SyncRuleChange,
} from '../domain/sync-rule';
import {
  issue,
  nameIssues,
  refused,
  tidyName,
  unlessTaken,
  type Issue,
  type Outcome,
} from './issue';
import { type AdministrationPorts } from './ports';
import { checkGuard, type GuardChange } from './rule-guard';
import { RuleDefinitions } from './rule-definitions';
import { RuleTargets } from './rule-targets';
import { RuleValueChecks, valuesIn } from './rule-values';

/** How long an old secret token may live on beside its successor. */
export const MAX_OVERLAP_SECONDS = 7 * 24 * 60 * 60;

/** A rule with the secrets of its IdP; the only time they are readable. */
export interface NewCredential {
  readonly rule: SyncRule;
  /** SCIM bearer token, or password of HTTP Basic. */
  readonly secretToken: string;
  /** User name of HTTP Basic. */
  readonly basicKey: string;
}

/** A rule to be made; its definitions are still unchecked. */
export type NewSyncRule = Pick<SyncRule, 'name' | 'enabled' | 'syncAs'> &
  Partial<Pick<SyncRule, 'scimProfile' | 'meUserName'> & RuleValues & DefinitionDocuments> & {
    readonly guard?: GuardChange;
  };

/** What is to change of a rule; its definitions are still unchecked. */
export type SyncRuleUpdate = Partial<
  Pick<SyncRule, 'name' | 'scimProfile' | 'meUserName' | 'syncAs'> &
    RuleValues &
    DefinitionDocuments
> & {
  readonly guard?: GuardChange;
  /** What becomes of what the rule provisioned in targets that it no longer has. */
  readonly onRemoved?: DeletePolicy;
  readonly expectedVersion?: number;
};

const CHANGED_MEANWHILE =
  'The rule was changed by somebody else at the same moment. Read it again.';

const NAME_TAKEN =
  'Another sync rule has this name. Names differ in more than upper and lower case.';

/** What administrators do to sync rules. */
export class SyncRules {
  private readonly definitions: RuleDefinitions;
  private readonly values: RuleValueChecks;
  private readonly targets: RuleTargets;

  constructor(
    private readonly ports: AdministrationPorts,
    private readonly now: () => Date,
  ) {
    this.definitions = new RuleDefinitions(ports, now);
    this.values = new RuleValueChecks(ports, now);
    this.targets = new RuleTargets(ports);
  }

  /** Makes a rule together with the credential its IdP will use. */
  async create(input: NewSyncRule): Promise<Outcome<NewCredential>> {
    const { schemas, resourceTypes, schemaExtensions, ...plain } = input;
    const checked = this.definitions.check(given({ schemas, resourceTypes, schemaExtensions }));
    const name = tidyName(input.name);
    const table = checked.value?.table ?? this.ports.schemas.base;
    const values = await this.values.check(RULE_VALUE_DEFAULTS, plain, table);
    const guard = checkGuard(GUARD_DEFAULTS, input.guard, table);
    const issues = [
      ...nameIssues(name),
      ...(checked.issues ?? []),
      ...(values.issues ?? []),
      ...(guard.issues ?? []),
      ...(await this.targets.issues(input.syncAs, table)),
    ];
    if (checked.issues ?? values.issues ?? guard.issues ?? issues.length > 0) return { issues };
    const ready = { ...values.value, ...checked.value.definitions, guard: guard.value };
    const draft = { ...plain, ...ready, name };

    const inserted = await unlessTaken(() => this.ports.syncRules.insert(draft), NAME_TAKEN);
    if (inserted.issues !== undefined) return inserted;
    const rule = inserted.value;
    try {
      return { value: await this.issueCredential(rule, newBasicKey()) };
    } catch (error) {
      // A rule that nobody can ever use would only block its name.
      await this.ports.syncRules.startDeletion(rule.id, 'KEEP');
      this.ports.delivery.ruleDeletionStarted(rule.id);
      throw error;
    }
  }

  /** Changes what is given. The other processes hear of it within a second. */
  async update(id: string, input: SyncRuleUpdate): Promise<Outcome<SyncRule>> {
    const found = await this.changeable(id);
    if (found.issues !== undefined) return found;
    const rule = found.value;
    const { schemas, resourceTypes, schemaExtensions, scimProfile, meUserName } = input;
    const name = tidyName(input.name ?? rule.name);
    const definitions = await this.definitions.checkChange(
      // Targets that are given are checked with the definitions as they will be.
      input.syncAs === undefined ? rule : { ...rule, syncAs: [] },
      given({ schemas, resourceTypes, schemaExtensions }),
    );
    const table = this.tableAfter(rule, definitions.value);
    const values = await this.values.check(rule, input, table);
    const guard = checkGuard(rule.guard, input.guard, table);
    const issues = [
      ...versionIssues(rule, input),
      ...nameIssues(name),
      ...(definitions.issues ?? []),
      ...(values.issues ?? []),
      ...(guard.issues ?? []),
      ...(await this.targetIssues(rule, table, input)),
    ];
    if (definitions.issues ?? values.issues ?? guard.issues ?? issues.length > 0) return { issues };
    const change = {
      ...this.valueChange(rule, values.value),
      name,
      scimProfile: scimProfile ?? rule.scimProfile,
      meUserName: meUserName ?? rule.meUserName,
      guard: guard.value,
      ...definitions.value,
      ...this.targetChange(rule, input, values.value),
    };
    const updated = await unlessTaken(() => this.ports.syncRules.update(rule, change), NAME_TAKEN);
    if (updated.issues !== undefined) return updated;
    if (updated.value === undefined) return refused('CONFLICT', ['id'], CHANGED_MEANWHILE);
    await this.announce(rule, updated.value);
    return { value: updated.value };
  }

  private valueChange(rule: SyncRule, values: RuleValues) {
    return decidesAnew(rule, values) ? { ...values, valuesChangedAt: this.now() } : values;
  }

  private async announce(before: SyncRule, rule: SyncRule): Promise<void> {
    this.ports.delivery.ruleChanged(rule.id);
    // What waits is judged by the new settings. Should this be missed, it waits on, for everybody to see.
    if (isDeepStrictEqual(before.guard, rule.guard)) return;
    await this.ports.delivery.guardDecided({ ruleId: rule.id, verdict: 'LIFTED' });
  }

  /** What may go wrong with a rule that was written, by what its directories say. */
  warnings(rule: SyncRule): Promise<readonly InputIssue[]> {
    return this.targets.warnings(rule);
  }

  /**
   * Replaces the secret token. The old one ends now, or after the overlap, during which both work (requirements D2).
   * The user name of HTTP Basic stays.
   */
  async changeSecretToken(id: string, overlapSeconds = 0): Promise<Outcome<NewCredential>> {
    const found = await this.changeable(id);
    const issues = [...(found.issues ?? []), ...overlapIssues(overlapSeconds)];
    if (found.issues !== undefined || issues.length > 0) return { issues };

    const rule = found.value;
    const newest = newestOf(await this.ports.credentials.ruleCredentials(id));
    const credentialId = uuidv7();
    const created = await this.issueCredential(
      rule,
      newest?.basicKey ?? newBasicKey(),
      credentialId,
    );
    const end = new Date(this.now().getTime() + overlapSeconds * 1000);
    await this.ports.credentials.expireRuleCredentials(id, credentialId, end);

    // Two changes at the same time end each other's token. Whoever lost is told, instead of configuring a dead token.
    const own = (await this.ports.credentials.ruleCredentials(id)).find(
      (credential) => credential.id === credentialId,
    );
    if (own === undefined || own.expiresAt !== undefined) {
      return refused(
        'CONFLICT',
        ['id'],
        'The token was changed by somebody else at the same moment. Change it once more.',
      );
    }
    return { value: created };
  }

  /** Lets the rule's IdP in and delivers what was held. Enabling an enabled rule changes nothing. */
  async enable(id: string): Promise<Outcome<SyncRule>> {
    const outcome = await this.setEnabled(id, true);
    // Also when it was enabled already: a process that died between the two steps is made good by asking again.
    if (outcome.issues === undefined) await this.ports.delivery.ruleEnabled(id);
    return outcome;
  }

  /** From now on SCIM is answered with 403 and nothing is delivered; nothing is lost (requirements B3). */
  async disable(id: string): Promise<Outcome<SyncRule>> {
    return this.setEnabled(id, false);
  }

  /** Revokes the rule's credentials at once and begins to undo what it provisioned, by the policy. */
  async delete(id: string, policy: DeletePolicy): Promise<Outcome<SyncRule>> {
    const started = await this.ports.syncRules.startDeletion(id, policy);
    const rule = started ?? (await this.ports.syncRules.find(id));
    if (rule === undefined) return noSuchRule();
    if (rule.deletion !== policy) {
      return refused(
        'CONFLICT',
        ['onProvisioned'],
        `The rule is being deleted already, with ${String(rule.deletion)}.`,
      );
    }
    this.ports.delivery.ruleDeletionStarted(id);
    return { value: rule };
  }

  private async targetIssues(
    rule: SyncRule,
    table: SchemaTable | undefined,
    { syncAs, onRemoved = 'KEEP' }: SyncRuleUpdate,
  ): Promise<readonly Issue[]> {
    if (syncAs === undefined) return [];
    return [
      ...(await this.targets.issues(syncAs, table ?? this.ports.schemas.base)),
      ...(await this.targets.removalIssues(rule, syncAs, onRemoved)),
    ];
  }

  /** What is not delivered to as before is delivered to again, whoever dies meanwhile. */
  private targetChange(
    rule: SyncRule,
    { syncAs = rule.syncAs, onRemoved = 'KEEP' }: SyncRuleUpdate,
    values: RuleValues,
  ): SyncRuleChange {
    // What mappings make of users may depend on any of them.
    const sameValues = isDeepStrictEqual(valuesIn(rule), valuesIn(values));
    const before = sameValues ? rule.syncAs : [];
    const removed = rule.syncAs.filter(
      ({ targetId }) => !syncAs.some((one) => one.targetId === targetId),
    );
    const now = this.now();
    return { syncAs, rollouts: rolloutsOf([...before, ...removed], syncAs, onRemoved, now) };
  }

  private async setEnabled(id: string, enabled: boolean): Promise<Outcome<SyncRule>> {
    const found = await this.changeable(id);
    if (found.issues !== undefined || found.value.enabled === enabled) return found;
    const changed = await this.ports.syncRules.setEnabled(id, enabled);
    return changed === undefined ? noSuchRule() : { value: changed };
  }

  /** Undefined: the rule has definitions that fit no longer, and nobody can say what its attributes are. */
  private tableAfter(rule: SyncRule, after: ScimDefinitions = rule): SchemaTable | undefined {
    const { schemas } = this.ports;
    if (after.schemas === rule.schemas && schemas.clashesOf(rule).length > 0) return undefined;
    return extendedTable(schemas.base, after);
  }

  private async changeable(id: string): Promise<Outcome<SyncRule>> {
    const rule = await this.ports.syncRules.find(id);
    if (rule === undefined) return noSuchRule();
    if (rule.deletion !== undefined) {
      return refused('CONFLICT', ['id'], 'The rule is being deleted.');
    }
    return { value: rule };
  }

  private async issueCredential(
    rule: SyncRule,
    basicKey: string,
    id = uuidv7(),
  ): Promise<NewCredential> {
    const { token, hash, hint } = newSecretToken('scim');
    await this.ports.credentials.addRuleCredential({
      id,
      ruleId: rule.id,
      hash,
      hint,
      basicKey,
      createdAt: this.now(),
    });
    return { rule, secretToken: token, basicKey };
  }
}

/** Without the members that are undefined. */
function given(documents: {
  readonly [Member in keyof DefinitionDocuments]: DefinitionDocuments[Member] | undefined;
}): Partial<DefinitionDocuments> {
  return Object.fromEntries(Object.entries(documents).filter(([, list]) => list !== undefined));
}

/** Whether users may get another one-time password method. */
function decidesAnew(before: RuleValues, after: RuleValues): boolean {
  const { otpMethods, userAttributes } = after;
  return !isDeepStrictEqual(
    { otpMethods: before.otpMethods, userAttributes: before.userAttributes },
    { otpMethods, userAttributes },
  );
}

function noSuchRule(): { readonly issues: readonly Issue[] } {
  return refused('NOT_FOUND', ['id'], 'There is no such sync rule.');
}

function versionIssues(
  { version }: SyncRule,
  { expectedVersion }: SyncRuleUpdate,
): readonly Issue[] {
  if (expectedVersion === undefined || expectedVersion === version) return [];
  const message = `The sync rule has version ${String(version)} now. Read it again.`;
  return [issue('CONFLICT', ['expectedVersion'], message)];
}

function overlapIssues(seconds: number): readonly Issue[] {
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_OVERLAP_SECONDS) return [];
  const message = `The overlap is 0 to ${String(MAX_OVERLAP_SECONDS)} seconds (7 days).`;
  return [issue('INVALID', ['overlapSeconds'], message)];
}

/** Not a secret: it names the credential, the token proves it. Without `:`, which HTTP Basic forbids in user names. */
function newBasicKey(): string {
  return randomBytes(6).toString('hex');
}

function newestOf(credentials: readonly RuleCredential[]): RuleCredential | undefined {
  return credentials.reduce<RuleCredential | undefined>(
    (newest, one) => (newest === undefined || one.createdAt > newest.createdAt ? one : newest),
    undefined,
  );
}
