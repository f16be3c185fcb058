import {
  type CredentialStore,
  type DeliveryControl,
  type Directories,
  type SyncRuleStore,
  type TargetStore,
} from '../domain/ports';

/** What the administrators' commands need from the outside. */
export interface AdministrationPorts {
  readonly syncRules: SyncRuleStore;
  readonly targets: TargetStore;
  readonly credentials: CredentialStore;
  readonly directories: Directories;
  readonly delivery: DeliveryControl;
}
