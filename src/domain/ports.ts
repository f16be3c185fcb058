/** What the domain needs from the outside. `src/store` implements the stores, `src/app.ts` wires them. */
import { type Binding, type BindingState, type Candidate, type HeldFor } from './binding';
import { type GuardCommand } from './guard';
import { type ApiKey, type RuleCredential } from './credential';
import { type AddedAttributes } from './added-attributes';
import { type AttributePath, type Filter } from './filter/ast';
import {
  type GroupNames,
  type Membership,
  type MembershipDelta,
  type NewResource,
  type Resource,
  type ResourceChange,
  type ResourceScope,
} from './resource';
import { type ResourceSchema, type SchemaTable } from './schema-table';
import {
  type DeletePolicy,
  type MappingEntry,
  type ScimDefinitions,
  type SyncAs,
  type SyncRule,
  type SyncRuleChange,
  type SyncRuleDraft,
} from './sync-rule';
import { type Target, type TargetChange, type TargetDraft } from './target';

/** Where a resource stands in the order of a list; only the store that made it knows what it means. */
export interface ListPosition {
  /** The part of the list. */
  readonly part: number;
  /** What the part is sorted by, before the id; absent where it is the id alone. */
  readonly value?: string | number | boolean;
  readonly id: string;
}

/** A page of a list of resources of one type, or of several (RFC 7644 section 3.4.2.1). */
export interface ResourceQuery {
  readonly ruleId: string;
  readonly filter?: Filter;
  readonly sortBy?: AttributePath;
  readonly descending?: boolean;
  /**
   * Where the page begins: behind so many resources (RFC 7644 section 3.4.2.4), or behind a place, which stays the same
   * whoever comes and goes (RFC 9865); undefined: the first of such pages.
   */
  readonly from: { readonly offset: number } | { readonly after: ListPosition | undefined };
  readonly limit: number;
}

export interface ResourcePage {
  readonly resources: readonly Resource[];
  readonly total: number;
  /** Where the next page begins, when this one began behind a place and is not the last. */
  readonly next?: ListPosition;
}

/** A page of a list read by keyset: everything after a key, in the order of the key. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly hasMore: boolean;
}

/**
 * Resources and memberships. Every write is one atomic document that carries the new state, its generation and the fact
 * that it is not yet fanned out; when a promise resolves it is on disk. Unique attributes (userName, group displayName)
 * are enforced here: `DomainError('uniqueness')`. Groups that came to share a displayName while the rule allowed it stay
 * as they are when it no longer does: only who takes a name is asked whether it is free.
 */
export interface ResourceStore {
  insert(resource: NewResource, schema: ResourceSchema, names?: GroupNames): Promise<Resource>;
  find(scope: ResourceScope, id: string): Promise<Resource | undefined>;
  /** Resources by id in whatever state, deleted ones included, in no order; unknown ids are left out. */
  findAll(ids: readonly string[]): Promise<readonly Resource[]>;
  /** Resources of these types. Throws `invalidFilter` for what cannot be compiled to a query. */
  search(query: ResourceQuery, schemas: readonly ResourceSchema[]): Promise<ResourcePage>;
  /**
   * Writes new attributes (all of them) and, in the same atomic step, a change of members. Undefined when `current` is
   * no longer current: read again and try again.
   */
  update(
    current: Resource,
    attributes: ScimAttributes,
    schema: ResourceSchema,
    change?: ResourceChange,
  ): Promise<Resource | undefined>;
  /** Changes members without looking at attributes: parallel calls all take effect. Undefined: no such group. */
  changeMembers(
    scope: ResourceScope,
    groupId: string,
    delta: MembershipDelta,
  ): Promise<Resource | undefined>;
  /**
   * Makes the resource vanish from SCIM and from every group; its names are free at once. False: no such resource.
   * `expectedGeneration` (If-Match) that is not current: `preconditionFailed`.
   */
  remove(
    scope: ResourceScope & { readonly schema?: ResourceSchema },
    id: string,
    expectedGeneration?: number,
  ): Promise<boolean>;

  /** The type of each of the ids that is a live resource of the rule. */
  typesOf(ruleId: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Members of a group by ascending member id, after the given one. */
  members(groupId: string, after: string | undefined, limit: number): Promise<Page<Membership>>;
  /** The groups of each of the members, by member id. */
  groupsOf(memberIds: readonly string[]): Promise<ReadonlyMap<string, readonly Resource[]>>;
  /** Resources of a rule (or all) by ascending id, for administrators. `search` matches the beginning of names. */
  list(query: ResourceListQuery): Promise<Page<Resource>>;
  count(query: ResourceListFilter): Promise<number>;
}

export type ScimAttributes = Resource['attributes'];

export interface ResourceListFilter {
  readonly resourceType: string;
  readonly ruleId?: string;
  /** Beginning of userName, displayName or an e-mail address, in any case. */
  readonly search?: string;
  readonly active?: boolean;
  /** Whether none of the one-time password methods of the rule fits. */
  readonly otpMissing?: boolean;
}

export interface ResourceListQuery extends ResourceListFilter {
  readonly after?: string;
  readonly limit: number;
}

/** Rules; names are unique regardless of case (`uniqueness`). */
export interface SyncRuleStore {
  insert(draft: SyncRuleDraft): Promise<SyncRule>;
  find(id: string): Promise<SyncRule | undefined>;
  findAll(ids: readonly string[]): Promise<readonly SyncRule[]>;
  list(query: {
    readonly after?: string;
    readonly limit: number;
    readonly search?: string;
    readonly enabled?: boolean;
  }): Promise<Page<SyncRule>>;
  count(filter: { readonly search?: string; readonly enabled?: boolean }): Promise<number>;
  setEnabled(id: string, enabled: boolean): Promise<SyncRule | undefined>;
  /** Changes what is given. Undefined when `current` is no longer current, or under deletion. */
  update(current: SyncRule, change: SyncRuleChange): Promise<SyncRule | undefined>;
  /** Revokes the credentials and marks the rule and all its resources for removal by the policy, durably. */
  startDeletion(id: string, policy: DeletePolicy): Promise<SyncRule | undefined>;
  /** Ids of the rules under deletion. */
  underDeletion(): Promise<readonly Pick<SyncRule, 'id' | 'version'>[]>;
  /** Rules under deletion that have no resource left are erased; answers their ids. */
  finishDeletions(): Promise<readonly string[]>;
  /** Notes a SCIM request; cheap, at most once a few seconds per rule. */
  touch(id: string, userAgent: string | undefined): Promise<void>;
  usesOfTarget(targetId: string): Promise<number>;
  usesOfLogo(logoId: string): Promise<number>;
  /** Rules that deliver to the target, or still have something to take back there; some of them when they are many. */
  usersOfTarget(targetId: string, limit: number): Promise<readonly SyncRule[]>;
}

/** What is stored under attributes that a rule is about to get. */
export interface StoredValues {
  /** How many live resources have a value there that is not what the definition would make of it. */
  countMisfits(ruleId: string, added: AddedAttributes): Promise<number>;
  /**
   * How many live resources have a value that the type as it will be, if it will be at all, does not know. `taken`: the
   * type as it is, and the attributes of which something is taken away.
   */
  countLosses(
    ruleId: string,
    taken: AddedAttributes,
    after: ResourceSchema | undefined,
  ): Promise<number>;
}

/** The definitions for all rules that a process started with last. */
export interface AcceptedDefinitions {
  find(): Promise<{ readonly version: number; readonly definitions: ScimDefinitions } | undefined>;
  /** False when `version`, 0 for the first, is no longer the last one. */
  replace(version: number, definitions: ScimDefinitions): Promise<boolean>;
}

/** Targets; names are unique regardless of case. Secrets are encrypted at rest. */
export interface TargetStore {
  insert(draft: TargetDraft): Promise<Target>;
  find(id: string): Promise<Target | undefined>;
  findAll(ids: readonly string[]): Promise<readonly Target[]>;
  list(query: {
    readonly after?: string;
    readonly limit: number;
    readonly connector?: string;
    readonly search?: string;
  }): Promise<Page<Target>>;
  count(filter: { readonly connector?: string; readonly search?: string }): Promise<number>;
  all(): Promise<readonly Target[]>;
  /** Changes what is given. Undefined when `current` is no longer current, or under deletion. */
  update(current: Target, change: TargetChange): Promise<Target | undefined>;
  /** Undefined: no such target. */
  setPaused(id: string, paused: boolean): Promise<Target | undefined>;
  /** Announces that the target is about to be removed, or that it is not after all. Undefined: no such target. */
  setDeleted(id: string, deleted: boolean): Promise<Target | undefined>;
  /** Removes a target that was announced to be; false: none was. */
  remove(id: string): Promise<boolean>;
}

export interface CredentialStore {
  addRuleCredential(credential: RuleCredential): Promise<void>;
  /** By SHA-256 of the token; expired ones are not found. */
  findRuleCredential(hash: string): Promise<RuleCredential | undefined>;
  ruleCredentials(ruleId: string): Promise<readonly RuleCredential[]>;
  /** Ends all other credentials of the rule, now or at the given time. */
  expireRuleCredentials(ruleId: string, exceptId: string, at: Date): Promise<void>;
  addApiKey(key: ApiKey): Promise<void>;
  findApiKey(hash: string): Promise<ApiKey | undefined>;
  apiKeys(): Promise<readonly ApiKey[]>;
  revokeApiKey(id: string): Promise<ApiKey | undefined>;
  /** Notes that a credential was used; cheap, at most once a minute each. */
  touch(kind: 'rule' | 'apiKey', id: string): Promise<void>;
}

/** Told, after the fact and without waiting, that a resource changed. A hint: what is durable is found anyway. */
export interface ChangeListener {
  resourceChanged(resource: Pick<Resource, 'id' | 'ruleId'>): void;
}

/** A kind of directory, for administrators. */
export interface ConnectorDescription {
  readonly id: string;
  readonly title: string;
  /** JSON Schema of the settings. */
  readonly settingsSchema: object;
  /** JSON Schema of the secrets; their values are never shown. */
  readonly secretsSchema: object;
  readonly capabilities: {
    readonly kinds: readonly string[];
    readonly activation: string;
    readonly rename: boolean;
    readonly password: boolean;
  };
}

/** One wrong field of an administrator's input. */
export interface InputIssue {
  /** The way to the field, list indexes included: `['settings', 'url']`. */
  readonly path: readonly string[];
  readonly message: string;
}

/** One step of a target's connection test. */
export interface TargetTestStep {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'failed';
  readonly message: string;
  readonly remedy?: string;
}

/** Settings and secrets as a connector understands them. */
export interface ParsedTarget extends Pick<TargetDraft, 'settings' | 'secrets'> {
  /** Names the directory that the settings mean. Absent: the connector cannot tell. */
  readonly identity?: string;
}

/** What a directory can hold under one name. */
export interface TargetAttributeDescription {
  readonly name: string;
  readonly multiValued: boolean;
  readonly required: boolean;
  readonly readOnly: boolean;
  /** In characters. */
  readonly maxLength?: number;
}

/** What a directory can hold. */
export interface TargetSchemaDescription {
  readonly user: readonly TargetAttributeDescription[];
  readonly group: readonly TargetAttributeDescription[];
  /** Other attributes can be mapped as well. */
  readonly open?: boolean;
}

/** Lines of a mapping, for each kind of entry. */
export interface TargetMappings {
  readonly user: readonly MappingEntry[];
  readonly group: readonly MappingEntry[];
}

/** The connectors that are loaded and the targets they open; implemented by `src/delivery`. */
export interface Directories {
  types(): readonly ConnectorDescription[];
  /** Checked and completed settings, or everything that is wrong with them. */
  parse(
    connector: string,
    settings: unknown,
    secrets: unknown,
  ):
    | ({ readonly ok: true } & ParsedTarget)
    | { readonly ok: false; readonly issues: readonly InputIssue[] };
  /** What a rule uses that has no mapping of its own. Undefined: the connector is not loaded or the settings are wrong. */
  mappings(target: Target): TargetMappings | undefined;
  /** Whether the directory knows disabled accounts. */
  canDisable(target: Target): boolean;
  /** Checks the mappings and the scope filter of a rule's target; no issues: they can be evaluated with its schemas. */
  checkSyncAs(target: Target, syncAs: SyncAs, schemas: SchemaTable): readonly InputIssue[];
  /** What the directory says it can hold. Throws `unavailable` with the reason when it does not answer. */
  schema(target: Target): Promise<TargetSchemaDescription>;
  /** What may go wrong with a sound `SyncAs`, by what the directory says it can hold. */
  warnings(target: Target, syncAs: SyncAs): Promise<readonly InputIssue[]>;
  /** The connection test of a target; never rejects because of the target. */
  test(target: Target): Promise<readonly TargetTestStep[]>;
}

export interface BindingFilter {
  readonly ruleId?: string;
  readonly targetId?: string;
  readonly resourceId?: string;
  readonly states?: readonly BindingState[];
  /** Of those that failed: by the kinds of their last failures. */
  readonly errorKinds?: readonly string[];
  /** Those that are parked until an administrator chooses an entry. */
  readonly disputed?: true;
  /** Only what is held for one of these reasons. */
  readonly heldFor?: readonly HeldFor[];
}

/** Bindings, for administrators. */
export interface BindingReader {
  find(id: string): Promise<Binding | undefined>;
  /** In no order; unknown ids are left out. */
  findAll(ids: readonly string[]): Promise<readonly Binding[]>;
  /** By ascending id, after the given one. */
  list(
    query: BindingFilter & { readonly after?: string; readonly limit: number },
  ): Promise<Page<Binding>>;
  count(filter: BindingFilter): Promise<number>;
  /** All bindings of each of the resources, by resource id. */
  ofResources(resourceIds: readonly string[]): Promise<ReadonlyMap<string, readonly Binding[]>>;
}

/** A binding as it was found, and when the database took its last change. */
export interface BindingChange {
  readonly binding: Binding;
  readonly at: Date;
}

export interface BindingChangeQuery {
  readonly ruleId?: string;
  /** Behind this change; without an id, behind everything of that moment. */
  readonly after: { readonly at: Date; readonly id?: string };
  readonly upTo: Date;
  readonly limit: number;
}

/**
 * Bindings by the time of their last change, which is the database's: processes need not agree on the time. Leases are no
 * changes.
 */
export interface BindingChanges {
  /** The time of the last change of all; undefined: there was none. */
  last(): Promise<Date | undefined>;
  since(query: BindingChangeQuery): Promise<readonly BindingChange[]>;
}

/** What administrators may ask of the delivery engine. */
export interface DeliveryControl {
  /** Delivers again, now; also a parked binding. Undefined: no such binding. */
  retry(bindingId: string): Promise<Binding | undefined>;
  /** Deletes an entry that waits for its deletion, now. Undefined: it does not. */
  deleteNow(bindingId: string): Promise<Binding | undefined>;
  /** Delivers to every target of the resource's rule, now, whatever was delivered before. Answers the targets. */
  deliver(resource: Resource): Promise<readonly string[]>;
  /**
   * Lets a disputed binding have that entry, which is looked at once more. `gone`: it is not there. `taken`: it is another
   * resource's. Undefined: the binding is not disputed. Throws `unavailable` when the directory does not say.
   */
  adopt(binding: Binding, entry: Candidate): Promise<Binding | 'gone' | 'taken' | undefined>;
  /** Delivers what was held while the rule was disabled. */
  ruleEnabled(ruleId: string): Promise<void>;
  /** Carries out what was decided about deliveries that the guard holds. Answers how many bindings it was. */
  guardDecided(decided: GuardCommand): Promise<number>;
  /** Begins to carry out a rule's deletion. */
  ruleDeletionStarted(ruleId: string): void;
  /** Begins to deliver by the rule as it is now. */
  ruleChanged(ruleId: string): void;
  /** Looks at the targets as they are now. */
  targetChanged(targetId: string): void;
  /** Looks at the operations as they are now. */
  operationChanged(): void;
}
