import {
  type BindingReader,
  type CredentialStore,
  type Directories,
  type ResourceStore,
  type SyncRuleStore,
  type TargetStore,
} from '../domain/ports';

/** What is read without a command in between. */
export interface ReadPorts {
  readonly syncRules: Pick<SyncRuleStore, 'findAll' | 'list' | 'count' | 'usesOfTarget'>;
  readonly targets: Pick<TargetStore, 'findAll' | 'list' | 'count'>;
  readonly credentials: Pick<CredentialStore, 'ruleCredentials' | 'apiKeys'>;
  readonly resources: Pick<ResourceStore, 'findAll' | 'list' | 'count' | 'members' | 'groupsOf'>;
  readonly bindings: BindingReader;
  readonly directories: Pick<Directories, 'types'>;
}
