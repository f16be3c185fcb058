/** What subscriptions are fed by: one of each for all who watch. */
import { type AuditReader } from '../../domain/audit-ports';
import { type OperationReader } from '../../domain/operation';
import { type ErrorLog } from '../error';
import { AuditFeed } from './audit-feed';
import { BindingFeed, type WatchedBindings } from './binding-feed';
import { OperationFeed } from './operation-feed';

export interface WatchedPorts extends WatchedBindings {
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
    bindings: new BindingFeed(ports, log),
    operations: new OperationFeed(ports.operations, log),
    auditEvents: new AuditFeed(ports.auditTrail, log),
  };
}
