/** What is done for each kind of operation. */
import { deletionOperation, type DeletionOperationDeps } from './deletion-operation';
import { type OperationHandlers } from './operation-runner';
import { retryOperation, type RetryOperationDeps } from './retry-operation';

export type OperationHandlersDeps = RetryOperationDeps & DeletionOperationDeps;

export function operationHandlers(deps: OperationHandlersDeps): OperationHandlers {
  return { RETRY: retryOperation(deps), RULE_DELETION: deletionOperation(deps) };
}
