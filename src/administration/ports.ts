import {
  type BindingReader,
  type CredentialStore,
  type DeliveryControl,
  type Directories,
  type ResourceStore,
  type StoredValues,
  type SyncRuleStore,
  type TargetStore,
} from '../domain/ports';
import { type OperationStore } from '../domain/operation';
import { type Provisioning } from '../domain/provisioning';
import { type EntryPreviews } from '../domain/preview';
import { type RuleSchemas } from '../domain/rule-schemas';
import { type TokenLogoStore } from '../domain/token-logo';
import { type TokenStore } from '../domain/token-pool';

/** What the administrators' commands need from the outside. */
export interface AdministrationPorts {
  readonly syncRules: SyncRuleStore;
  readonly targets: TargetStore;
  readonly credentials: CredentialStore;
  readonly tokenLogos: TokenLogoStore;
  readonly tokens: TokenStore;
  readonly directories: Directories;
  readonly delivery: DeliveryControl;
  readonly provisioning: Pick<Provisioning, 'modify' | 'delete'>;
  readonly schemas: RuleSchemas;
  readonly storedValues: StoredValues;
  readonly resources: Pick<ResourceStore, 'findAll' | 'list'>;
  readonly bindings: Pick<BindingReader, 'find' | 'findAll' | 'ofResources'>;
  readonly previews: EntryPreviews;
  readonly operations: OperationStore;
}
