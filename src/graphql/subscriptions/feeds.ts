/** What subscriptions are fed by: one of each for all who watch. */
import { type OperationReader } from '../../domain/operation';
import { type BindingChanges } from '../../domain/ports';
import { type ErrorLog } from '../error';
import { BindingFeed } from './binding-feed';
import { OperationFeed } from './operation-feed';

export interface WatchedPorts {
  readonly bindingChanges: BindingChanges;
  readonly operations: Pick<OperationReader, 'findAll'>;
}

export interface Feeds {
  readonly bindings: BindingFeed;
  readonly operations: OperationFeed;
}

export function createFeeds(ports: WatchedPorts, log: ErrorLog): Feeds {
  return {
    bindings: new BindingFeed(ports.bindingChanges, log),
    operations: new OperationFeed(ports.operations, log),
  };
}
