/** What is done for each kind of operation. */
import { deletionOperation, type DeletionOperationDeps } from './deletion-operation';
import { identifiersOperation, type IdentifiersOperationDeps } from './identifiers-operation';
import { reconcileOperation, type ReconcileOperationDeps } from './reconcile-operation';
import { type OperationHandlers } from './operation-runner';
import { retryOperation, type RetryOperationDeps } from './retry-operation';

export type OperationHandlersDeps = RetryOperationDeps &
  DeletionOperationDeps &
  IdentifiersOperationDeps &
  ReconcileOperationDeps;

export function operationHandlers(deps: OperationHandlersDeps): OperationHandlers {
  return {
    RECONCILE: reconcileOperation(deps),
    IDENTIFIERS: identifiersOperation(deps),
    RETRY: retryOperation(deps),
    RULE_DELETION: deletionOperation(deps),
  };
}
