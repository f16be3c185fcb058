/** Who changes what an operation changes, for the audit trail: whoever asked for it. */
import { type AuditActor, type ChangeOrigin, SYSTEM_ACTOR } from '../../domain/audit';
import { type OperationRequester } from '../../domain/operation';

export function originOf({ name, apiKeyId, requestId }: OperationRequester): ChangeOrigin {
  const actor: AuditActor =
    apiKeyId === undefined ? SYSTEM_ACTOR : { type: 'API_KEY', id: apiKeyId, name };
  return { actor, ...(requestId === undefined ? {} : { requestId }) };
}
