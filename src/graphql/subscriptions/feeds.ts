/** What subscriptions are fed by: one of each for all who watch. */
import { type AuditReader } from '../../domain/audit-ports';
import { type OperationReader } from '../../domain/operation';
import { type BindingChanges } from '../../domain/ports';
import { type ErrorLog } from '../error';
import { AuditFeed } from './audit-feed';
import { BindingFeed } from './binding-feed';
import { OperationFeed } from './operation-feed';

export interface WatchedPorts {
  readonly bindingChanges: BindingChanges;
  readonly operations: Pick<OperationReader, 'findAll'>;
  readonly auditTrail: Pick<AuditReader, 'tail'>;
}

export interface Feeds {
  readonly bindings: BindingFeed;
  readonly operations: OperationFeed;
  readonly auditEvents: AuditFeed;
}

export function createFeeds(ports: WatchedPorts, log: ErrorLog): Feeds {
  return {
    bindings: new BindingFeed(ports.bindingChanges, log),
    operations: new OperationFeed(ports.operations, log),
    auditEvents: new AuditFeed(ports.auditTrail, log),
  };
}
