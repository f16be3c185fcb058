import { type AuditIntents, type AuditReader } from '../domain/audit-ports';
import {
  type BindingReader,
  type CredentialStore,
  type Directories,
  type ResourceStore,
  type SyncRuleStore,
  type TargetStore,
} from '../domain/ports';
import { type OperationReader } from '../domain/operation';
import { type GuardStore } from '../domain/guard';
import { type Profiles } from '../domain/profile';
import { type TokenLogoStore } from '../domain/token-logo';
import { type TokenStore } from '../domain/token-pool';

/** What is read without a command in between. */
export interface ReadPorts {
  readonly syncRules: Pick<SyncRuleStore, 'findAll' | 'list' | 'count' | 'usesOfTarget'>;
  readonly targets: Pick<TargetStore, 'findAll' | 'list' | 'count'>;
  readonly credentials: Pick<CredentialStore, 'ruleCredentials' | 'apiKeys'>;
  readonly resources: Pick<ResourceStore, 'findAll' | 'list' | 'count' | 'members' | 'groupsOf'>;
  readonly bindings: BindingReader;
  readonly operations: OperationReader;
  readonly guards: Pick<GuardStore, 'findAll'>;
  readonly tokenLogos: Pick<TokenLogoStore, 'findAll' | 'list' | 'count'>;
  readonly tokens: Pick<TokenStore, 'list' | 'count' | 'find'>;
  readonly audit: { readonly reader: AuditReader; readonly intents: Omit<AuditIntents, 'settle'> };
  readonly profiles: Profiles;
  readonly directories: Pick<Directories, 'types' | 'mappings' | 'schema'>;
}
