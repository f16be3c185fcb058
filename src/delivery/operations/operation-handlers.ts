/** What is done for each kind of operation. */
import { deletionOperation, type DeletionOperationDeps } from './deletion-operation';
import { reconcileOperation, type ReconcileOperationDeps } from './reconcile-operation';
import { type OperationHandlers } from './operation-runner';
import { retryOperation, type RetryOperationDeps } from './retry-operation';

export type OperationHandlersDeps = RetryOperationDeps &
  DeletionOperationDeps &
  ReconcileOperationDeps;

export function operationHandlers(deps: OperationHandlersDeps): OperationHandlers {
  return {
    RECONCILE: reconcileOperation(deps),
    RETRY: retryOperation(deps),
    RULE_DELETION: deletionOperation(deps),
  };
}
