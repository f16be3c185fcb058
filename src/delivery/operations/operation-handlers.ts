/** What is done for each kind of operation. */
import { deletionOperation, type DeletionOperationDeps } from './deletion-operation';
import { identifiersOperation, type IdentifiersOperationDeps } from './identifiers-operation';
import { previewOperation, type PreviewOperationDeps } from './preview-operation';
import { reconcileOperation, type ReconcileOperationDeps } from './reconcile-operation';
import { type OperationHandlers } from './operation-runner';
import { retryOperation, type RetryOperationDeps } from './retry-operation';

export type OperationHandlersDeps = RetryOperationDeps &
  DeletionOperationDeps &
  IdentifiersOperationDeps &
  PreviewOperationDeps &
  ReconcileOperationDeps;

export function operationHandlers(deps: OperationHandlersDeps): OperationHandlers {
  return {
    RECONCILE: reconcileOperation(deps),
    IDENTIFIERS: identifiersOperation(deps),
    PREVIEW: previewOperation(deps),
    RETRY: retryOperation(deps),
    RULE_DELETION: deletionOperation(deps),
  };
}
