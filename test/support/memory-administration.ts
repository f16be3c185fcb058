/** What administrators' commands work on, in memory, with the semantics the ports promise; and a world made of it. */
import { v7 as timeOrderedId } from 'uuid';
import { type Binding, type Candidate } from '../../src/domain/binding';
import { type ApiKey, type RuleCredential } from '../../src/domain/credential';
import { DomainError } from '../../src/domain/error';
import { type GuardCommand, type GuardStore } from '../../src/domain/guard';
import { fold } from '../../src/domain/filter/fold';
import {
  type BindingFilter,
  type BindingReader,
  type ConnectorDescription,
  type CredentialStore,
  type DeliveryControl,
  type Directories,
  type InputIssue,
  type Page,
  type ResourceStore,
  type StoredValues,
  type SyncRuleStore,
  type TargetMappings,
  type TargetSchemaDescription,
  type TargetStore,
  type TargetTestStep,
} from '../../src/domain/ports';
import {
  type EntryPreview,
  type EntryPreviews,
  type PreviewRequest,
} from '../../src/domain/preview';
import { Profiles } from '../../src/domain/profile';
import { Provisioning } from '../../src/domain/provisioning';
import { type Resource } from '../../src/domain/resource';
import { RuleSchemas } from '../../src/domain/rule-schemas';
import { standardSchemas } from '../../src/domain/standard-schemas';
import {
  type DeletePolicy,
  RULE_DEFAULTS,
  type SyncAs,
  type SyncRule,
  type SyncRuleChange,
  type SyncRuleDraft,
} from '../../src/domain/sync-rule';
import { type Target, type TargetChange, type TargetDraft } from '../../src/domain/target';
import { type TokenLogoStore } from '../../src/domain/token-logo';
import { type TokenStore } from '../../src/domain/token-pool';
import { type OperationItem, type OperationStore } from '../../src/domain/operation';
import { MemoryOperationStore } from './memory-operations';
import { type AuditStore } from '../../src/store/store';
import { MemoryGuards } from './memory-guards';
import { MemoryResourceStore } from './memory-resource-store';
import { MemoryTokenStore } from './memory-tokens';
import { MemoryTokenLogoStore } from './memory-token-logos';

/** The stores that a database can stand behind. */
export interface WorldStores {
  /** Absent: an audit trail in memory. */
  readonly audit?: Pick<AuditStore, 'reader' | 'intents'>;
  /** Absent: nothing is stored from an earlier time. */
  readonly storedValues?: StoredValues;
  readonly guards: GuardStore;
  readonly syncRules: SyncRuleStore;
  readonly targets: TargetStore;
  readonly credentials: CredentialStore;
  readonly resources: ResourceStore;
  readonly tokenLogos: TokenLogoStore;
  readonly tokens: TokenStore;
  readonly operations: OperationStore & {
    putItems(itemsOf: string, items: readonly OperationItem[]): unknown;
  };
}

/** Everything a test of the administration needs. */
export interface World extends WorldStores {
  readonly bindings: MemoryBindings;
  readonly directories: MemoryDirectories;
  readonly delivery: MemoryDelivery;
  readonly previews: MemoryPreviews;
  readonly provisioning: Provisioning;
  readonly schemas: RuleSchemas;
  readonly profiles: Profiles;
  readonly storedValues: StoredValues;
  close(): Promise<void>;
}

/** A world on the given stores; directories and deliveries are always in memory. */
export function worldOn(stores: WorldStores, close: () => Promise<void>): World {
  const bindings = new MemoryBindings();
  const schemas = new RuleSchemas(standardSchemas);
  return {
    storedValues: { countMisfits: async () => 0, countLosses: async () => 0 },
    ...stores,
    bindings,
    directories: new MemoryDirectories(),
    delivery: new MemoryDelivery(bindings, stores.syncRules),
    provisioning: new Provisioning({
      store: stores.resources,
      changes: { resourceChanged: () => undefined },
    }),
    previews: new MemoryPreviews(),
    schemas,
    profiles: new Profiles(
      (rule) => schemas.of(rule),
      (id) => `https://usher.example/logos/${id}`,
    ),
    close,
  };
}

export async function memoryWorld(): Promise<World> {
  const credentials = new MemoryCredentialStore();
  return worldOn(
    {
      credentials,
      guards: new MemoryGuards(),
      syncRules: new MemorySyncRuleStore(credentials),
      targets: new MemoryTargetStore(),
      resources: new MemoryResourceStore(),
      tokenLogos: new MemoryTokenLogoStore(),
      tokens: new MemoryTokenStore(),
      operations: new MemoryOperationStore(),
    },
    async () => undefined,
  );
}

interface Named {
  readonly id: string;
  readonly name: string;
}

/** Things with names that are unique regardless of case, in the order of their ids. */
class NamedItems<Item extends Named> {
  private readonly items = new Map<string, Item>();

  insert(item: Item): Item {
    for (const other of this.items.values()) {
      if (fold(other.name) === fold(item.name)) {
        throw new DomainError('uniqueness', `The name "${item.name}" is taken.`, { field: 'name' });
      }
    }
    return this.put(item);
  }

  put(item: Item): Item {
    this.items.set(item.id, item);
    return item;
  }

  find(id: string): Item | undefined {
    return this.items.get(id);
  }

  drop(id: string): boolean {
    return this.items.delete(id);
  }

  matching(search: string | undefined, matches: (item: Item) => boolean): readonly Item[] {
    const beginning = fold(search?.trim() ?? '');
    return sortedById(this.items.values()).filter(
      (item) => fold(item.name).startsWith(beginning) && matches(item),
    );
  }
}

function sortedById<Item extends { readonly id: string }>(items: Iterable<Item>): readonly Item[] {
  return [...items].sort((one, other) => (one.id < other.id ? -1 : 1));
}

function pageAfter<Item extends { readonly id: string }>(
  items: readonly Item[],
  { after, limit }: { readonly after?: string; readonly limit: number },
): Page<Item> {
  const rest = items.filter((item) => after === undefined || item.id > after);
  return { items: rest.slice(0, limit), hasMore: rest.length > limit };
}

function present<Item>(items: readonly (Item | undefined)[]): readonly Item[] {
  return items.flatMap((item) => (item === undefined ? [] : [item]));
}

export class MemorySyncRuleStore implements SyncRuleStore {
  private readonly rules = new NamedItems<SyncRule>();

  constructor(private readonly credentials: MemoryCredentialStore) {}

  async insert(draft: SyncRuleDraft): Promise<SyncRule> {
    const now = new Date();
    return this.rules.insert({
      ...RULE_DEFAULTS,
      ...draft,
      id: timeOrderedId(),
      version: 1,
      createdAt: now,
      updatedAt: now,
    });
  }

  async find(id: string): Promise<SyncRule | undefined> {
    return this.rules.find(id);
  }

  async findAll(ids: readonly string[]): Promise<readonly SyncRule[]> {
    return present(ids.map((id) => this.rules.find(id)));
  }

  async list(query: Parameters<SyncRuleStore['list']>[0]): Promise<Page<SyncRule>> {
    return pageAfter(this.matching(query), query);
  }

  async count(filter: Parameters<SyncRuleStore['count']>[0]): Promise<number> {
    return this.matching(filter).length;
  }

  async update(current: SyncRule, change: SyncRuleChange): Promise<SyncRule | undefined> {
    const { name } = change;
    const other =
      name !== undefined && this.rules.matching(name, (rule) => fold(rule.name) === fold(name))[0];
    if (other && other.id !== current.id) {
      throw new DomainError('uniqueness', `The name "${name}" is taken.`, { field: 'name' });
    }
    if (this.rules.find(current.id)?.version !== current.version) return undefined;
    const { rollouts = [], ...fields } = change;
    const begun = new Set(rollouts.map(({ targetId }) => targetId));
    const others = (current.rollouts ?? []).filter(({ targetId }) => !begun.has(targetId));
    return this.change(current.id, { ...fields, rollouts: [...others, ...rollouts] });
  }

  async setEnabled(id: string, enabled: boolean): Promise<SyncRule | undefined> {
    return this.change(id, { enabled });
  }

  async startDeletion(id: string, policy: DeletePolicy): Promise<SyncRule | undefined> {
    const rule = this.change(id, { deletion: policy });
    if (rule !== undefined) this.credentials.dropRule(id);
    return rule;
  }

  async underDeletion(): Promise<readonly Pick<SyncRule, 'id' | 'version'>[]> {
    return this.rules.matching(undefined, ({ deletion }) => deletion !== undefined);
  }

  async finishDeletions(): Promise<readonly string[]> {
    return [];
  }

  async touch(id: string, userAgent: string | undefined): Promise<void> {
    const rule = this.rules.find(id);
    if (rule === undefined) return;
    const from = userAgent === undefined ? {} : { lastSyncFrom: userAgent };
    this.rules.put({ ...rule, lastSyncAt: new Date(), ...from });
  }

  async usesOfTarget(targetId: string): Promise<number> {
    return this.rules.matching(undefined, (rule) =>
      rule.syncAs.some((one) => one.targetId === targetId),
    ).length;
  }

  async usesOfLogo(logoId: string): Promise<number> {
    return this.rules.matching(undefined, (rule) => rule.tokenLogoId === logoId).length;
  }

  async usersOfTarget(targetId: string, limit: number): Promise<readonly SyncRule[]> {
    return this.rules
      .matching(undefined, (rule) =>
        [...rule.syncAs, ...(rule.rollouts ?? [])].some((one) => one.targetId === targetId),
      )
      .slice(0, limit);
  }

  private matching(filter: Parameters<SyncRuleStore['count']>[0]): readonly SyncRule[] {
    const { search, enabled } = filter;
    return this.rules.matching(search, (rule) => enabled === undefined || rule.enabled === enabled);
  }

  /** Undefined also for a rule under deletion, which does not change any more. */
  private change(id: string, change: Partial<SyncRule>): SyncRule | undefined {
    const rule = this.rules.find(id);
    if (rule === undefined || rule.deletion !== undefined) return undefined;
    return this.rules.put({
      ...rule,
      ...change,
      version: rule.version + 1,
      updatedAt: new Date(),
    });
  }
}

export class MemoryTargetStore implements TargetStore {
  private readonly targets = new NamedItems<Target>();

  async insert(draft: TargetDraft): Promise<Target> {
    const now = new Date();
    const id = timeOrderedId();
    return this.targets.insert({ ...draft, id, version: 1, createdAt: now, updatedAt: now });
  }

  async find(id: string): Promise<Target | undefined> {
    return this.targets.find(id);
  }

  async findAll(ids: readonly string[]): Promise<readonly Target[]> {
    return present(ids.map((id) => this.targets.find(id)));
  }

  async list(query: Parameters<TargetStore['list']>[0]): Promise<Page<Target>> {
    return pageAfter(this.matching(query), query);
  }

  async count(filter: Parameters<TargetStore['count']>[0]): Promise<number> {
    return this.matching(filter).length;
  }

  async all(): Promise<readonly Target[]> {
    return this.matching({});
  }

  async update(current: Target, change: TargetChange): Promise<Target | undefined> {
    const { name } = change;
    const other =
      name !== undefined && this.targets.matching(name, (one) => fold(one.name) === fold(name))[0];
    if (other && other.id !== current.id) {
      throw new DomainError('uniqueness', `The name "${name}" is taken.`, { field: 'name' });
    }
    const known = this.targets.find(current.id);
    if (known?.version !== current.version || known.deletedAt !== undefined) return undefined;
    const { rollOut: _rollOut, reconcile, ...fields } = change;
    const version = known.version + 1;
    const { reconcile: before, ...rest } = known;
    const schedule = reconcile === undefined ? before : (reconcile ?? undefined);
    return this.targets.put({
      ...rest,
      ...fields,
      ...(schedule === undefined ? {} : { reconcile: schedule }),
      version,
      updatedAt: new Date(),
    });
  }

  async setPaused(id: string, paused: boolean): Promise<Target | undefined> {
    return this.mark(id, 'pausedAt', paused);
  }

  async setDeleted(id: string, deleted: boolean): Promise<Target | undefined> {
    return this.mark(id, 'deletedAt', deleted);
  }

  async remove(id: string): Promise<boolean> {
    return this.targets.find(id)?.deletedAt !== undefined && this.targets.drop(id);
  }

  private mark(id: string, field: 'pausedAt' | 'deletedAt', marked: boolean): Target | undefined {
    const target = this.targets.find(id);
    if (target === undefined || (target[field] !== undefined) === marked) return target;
    const { [field]: _mark, ...unmarked } = target;
    return this.targets.put(marked ? { ...target, [field]: new Date() } : unmarked);
  }

  private matching(filter: Parameters<TargetStore['count']>[0]): readonly Target[] {
    const { search, connector } = filter;
    return this.targets.matching(
      search,
      (target) => connector === undefined || target.connector === connector,
    );
  }
}

export class MemoryCredentialStore implements CredentialStore {
  private ruleOnes: readonly RuleCredential[] = [];
  private readonly keys = new Map<string, ApiKey>();

  async addRuleCredential(credential: RuleCredential): Promise<void> {
    this.ruleOnes = [...this.ruleOnes, credential];
  }

  async findRuleCredential(hash: string): Promise<RuleCredential | undefined> {
    return this.inForce().find((one) => one.hash === hash);
  }

  async ruleCredentials(ruleId: string): Promise<readonly RuleCredential[]> {
    return sortedById(this.inForce().filter((one) => one.ruleId === ruleId));
  }

  async expireRuleCredentials(ruleId: string, exceptId: string, at: Date): Promise<void> {
    this.ruleOnes = this.ruleOnes.map((one) => {
      const spared = one.ruleId !== ruleId || one.id === exceptId;
      // One that was to end earlier still does.
      return spared || (one.expiresAt && one.expiresAt < at) ? one : { ...one, expiresAt: at };
    });
  }

  async addApiKey(key: ApiKey): Promise<void> {
    // Without waiting between the look and the write, as a unique index would have it.
    if ([...this.keys.values()].some((other) => other.hash === key.hash)) {
      throw new Error('duplicate key: hash');
    }
    this.keys.set(key.id, key);
  }

  async findApiKey(hash: string): Promise<ApiKey | undefined> {
    return [...this.keys.values()].find((key) => key.hash === hash);
  }

  async apiKeys(): Promise<readonly ApiKey[]> {
    return sortedById(this.keys.values());
  }

  async revokeApiKey(id: string): Promise<ApiKey | undefined> {
    const key = this.keys.get(id);
    if (key === undefined) return undefined;
    const revoked = { ...key, revokedAt: key.revokedAt ?? new Date() };
    this.keys.set(id, revoked);
    return revoked;
  }

  async touch(kind: 'rule' | 'apiKey', id: string): Promise<void> {
    const lastUsedAt = new Date();
    const key = this.keys.get(id);
    if (kind === 'apiKey' && key !== undefined) this.keys.set(id, { ...key, lastUsedAt });
    if (kind === 'rule') {
      this.ruleOnes = this.ruleOnes.map((one) => (one.id === id ? { ...one, lastUsedAt } : one));
    }
  }

  dropRule(ruleId: string): void {
    this.ruleOnes = this.ruleOnes.filter((one) => one.ruleId !== ruleId);
  }

  private inForce(): readonly RuleCredential[] {
    const now = new Date();
    return this.ruleOnes.filter((one) => one.expiresAt === undefined || one.expiresAt > now);
  }
}

export class MemoryBindings implements BindingReader {
  private readonly bindings = new Map<string, Binding>();

  put(binding: Binding): Binding {
    this.bindings.set(binding.id, binding);
    return binding;
  }

  async find(id: string): Promise<Binding | undefined> {
    return this.bindings.get(id);
  }

  async findAll(ids: readonly string[]): Promise<readonly Binding[]> {
    return [...this.bindings.values()].filter(({ id }) => ids.includes(id));
  }

  async list(
    query: BindingFilter & { readonly after?: string; readonly limit: number },
  ): Promise<Page<Binding>> {
    return pageAfter(this.matching(query), query);
  }

  async count(filter: BindingFilter): Promise<number> {
    return this.matching(filter).length;
  }

  async ofResources(
    resourceIds: readonly string[],
  ): Promise<ReadonlyMap<string, readonly Binding[]>> {
    return new Map(
      resourceIds.map((resourceId) => [resourceId, this.matching({ resourceId })] as const),
    );
  }

  private matching(filter: BindingFilter): readonly Binding[] {
    const { ruleId, targetId, resourceId, states, disputed, errorKinds, heldFor } = filter;
    return sortedById(this.bindings.values()).filter(
      (one) =>
        (ruleId === undefined || one.ruleId === ruleId) &&
        (targetId === undefined || one.targetId === targetId) &&
        (resourceId === undefined || one.resourceId === resourceId) &&
        (disputed === undefined || one.candidates !== undefined) &&
        (states === undefined || states.includes(one.state)) &&
        (errorKinds === undefined || errorKinds.includes(one.lastError?.kind ?? '')) &&
        (heldFor === undefined || (one.heldFor !== undefined && heldFor.includes(one.heldFor))),
    );
  }
}

/** Carries nothing out, and remembers what it was asked for. */
export class MemoryDelivery implements DeliveryControl {
  readonly enabledRules: string[] = [];
  readonly deletedRules: string[] = [];
  readonly changedRules: string[] = [];
  readonly changedTargets: string[] = [];
  operationHints = 0;
  readonly delivered: string[] = [];
  readonly guardCommands: GuardCommand[] = [];

  constructor(
    private readonly bindings: MemoryBindings,
    private readonly rules: Pick<SyncRuleStore, 'find'>,
  ) {}

  async deliver({ id, ruleId }: Pick<Resource, 'id' | 'ruleId'>): Promise<readonly string[]> {
    this.delivered.push(id);
    return (await this.rules.find(ruleId))?.syncAs.map(({ targetId }) => targetId) ?? [];
  }

  async retry(bindingId: string): Promise<Binding | undefined> {
    const binding = await this.bindings.find(bindingId);
    if (binding === undefined) return undefined;
    if (binding.state === 'HELD') {
      throw new DomainError('conflict', 'The sync rule is disabled. Enable it first.');
    }
    return this.bindings.put({ ...binding, state: 'PENDING' });
  }

  async adopt(binding: Binding, entry: Candidate): Promise<Binding | 'gone' | 'taken' | undefined> {
    if (entry.name === 'gone' || entry.name === 'taken') return entry.name;
    const { candidates: _candidates, ...rest } = binding;
    return this.bindings.put({ ...rest, state: 'PENDING' });
  }

  async deleteNow(bindingId: string): Promise<Binding | undefined> {
    const binding = await this.bindings.find(bindingId);
    if (binding?.heldFor !== 'DELETION_DELAY') return undefined;
    const { heldFor: _heldFor, ...rest } = binding;
    return this.bindings.put({ ...rest, state: 'PENDING' });
  }

  async ruleEnabled(ruleId: string): Promise<void> {
    this.enabledRules.push(ruleId);
  }

  async guardDecided(command: GuardCommand): Promise<number> {
    this.guardCommands.push(command);
    return command.bindingIds?.length ?? 0;
  }

  ruleDeletionStarted(ruleId: string): void {
    this.deletedRules.push(ruleId);
  }

  ruleChanged(ruleId: string): void {
    this.changedRules.push(ruleId);
  }

  targetChanged(targetId: string): void {
    this.changedTargets.push(targetId);
  }

  operationChanged(): void {
    this.operationHints += 1;
  }
}

/** Looks at nothing, and remembers what it was asked for. */
export class MemoryPreviews implements EntryPreviews {
  readonly requests: PreviewRequest[] = [];

  async of(request: PreviewRequest): Promise<readonly EntryPreview[]> {
    this.requests.push(request);
    return request.samples.map(() => ({
      isInScope: true,
      action: 'ENSURE',
      lines: [],
      entry: { state: 'ABSENT' },
      changes: [{ operation: 'add', object: 'entry', detail: 'name' }],
      problems: [],
    }));
  }
}

/** One connector, `phonebook`, that needs a URL and a bind password. */
export class MemoryDirectories implements Directories {
  types(): readonly ConnectorDescription[] {
    return [
      {
        id: 'phonebook',
        title: 'Phone book',
        settingsSchema: { type: 'object', required: ['url'] },
        secretsSchema: { type: 'object', required: ['bindPassword'] },
        capabilities: {
          kinds: ['user', 'group'],
          activation: 'attribute',
          rename: true,
          password: false,
        },
      },
    ];
  }

  parse(_connector: string, settings: unknown, secrets: unknown): ReturnType<Directories['parse']> {
    const given = settings as Readonly<Record<string, unknown>>;
    const hidden = secrets as Readonly<Record<string, unknown>>;
    const issues: InputIssue[] = [];
    if (typeof given['url'] !== 'string') {
      issues.push({ path: ['settings', 'url'], message: 'A URL is needed.' });
    }
    if (typeof hidden['bindPassword'] !== 'string') {
      issues.push({ path: ['secrets', 'bindPassword'], message: 'A password is needed.' });
    }
    if (issues.length > 0) return { ok: false, issues };
    const completed = { port: 389, ...given };
    return {
      ok: true,
      settings: completed,
      secrets: hidden,
      identity: `the book ${JSON.stringify(given['base'])}`,
    };
  }

  mappings(): TargetMappings {
    return {
      user: [{ attribute: 'name', expression: 'userName', apply: 'AUTHORITATIVE' }],
      group: [],
    };
  }

  canDisable(): boolean {
    return true;
  }

  async schema(target: Target): Promise<TargetSchemaDescription> {
    if (String(target.settings['url']).includes('unreachable')) {
      throw new DomainError('unavailable', 'The directory does not show its schema.');
    }
    const name = { name: 'name', multiValued: false, required: true, readOnly: false };
    return { user: [{ ...name, maxLength: 64 }], group: [name] };
  }

  async warnings(_target: Target, { userMapping = [] }: SyncAs): Promise<readonly InputIssue[]> {
    return userMapping.flatMap(({ attribute }, index) =>
      attribute === 'name'
        ? []
        : [{ path: ['userMapping', String(index), 'attribute'], message: `No ${attribute}.` }],
    );
  }

  checkSyncAs(_target: Target, syncAs: SyncAs): readonly InputIssue[] {
    const issues: InputIssue[] = [];
    if (syncAs.scopeFilter?.includes('(')) {
      issues.push({ path: ['scopeFilter'], message: 'A parenthesis is not closed.' });
    }
    for (const kind of ['userMapping', 'groupMapping'] as const) {
      (syncAs[kind] ?? []).forEach((entry, index) => {
        if (entry.expression !== '') return;
        const path = [kind, String(index), 'expression'];
        issues.push({ path, message: `No expression for ${entry.attribute}.` });
      });
    }
    return issues;
  }

  async test(target: Target): Promise<readonly TargetTestStep[]> {
    const reachable = !String(target.settings['url']).includes('unreachable');
    return [
      { name: 'Name', state: 'ok', message: 'The name resolves.' },
      reachable
        ? { name: 'Connect', state: 'ok', message: 'Connected.' }
        : {
            name: 'Connect',
            state: 'failed',
            message: 'Connection refused.',
            remedy: 'Start the directory.',
          },
    ];
  }
}
