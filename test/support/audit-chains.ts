/** What stands in the audit trail of a store, and whether its chains hold. */
import { type AuditEvent } from '../../src/domain/audit';
import { CHAIN_START, ChainVerifier } from '../../src/domain/audit-chain';
import { toEvent } from '../../src/store/audit-trail';
import { type AuditEventDocument } from '../../src/store/models/audit.model';
import { type Store } from '../../src/store/store';

/** All events, chain by chain in their order. */
export async function auditEvents({ connection }: Store): Promise<readonly AuditEvent[]> {
  const found = await connection
    .collection<AuditEventDocument>('audit_events')
    .find({}, { sort: { _id: 1 } })
    .toArray();
  return found.map((document) => toEvent(document));
}

/** Everything that is wrong with the chains. Chains of which something was purged are not meant. */
export function brokenChains(events: readonly AuditEvent[]): readonly string[] {
  const verifiers = new Map<string, ChainVerifier>();
  return events.flatMap((event) => {
    const verifier = verifiers.get(event.chain) ?? new ChainVerifier(CHAIN_START);
    verifiers.set(event.chain, verifier);
    return verifier.next(event) ?? [];
  });
}

/** What they say in short, sorted. */
export function toldBy(events: readonly AuditEvent[]): readonly string[] {
  return events
    .map(
      ({ action, resource, generation }) =>
        `${action} ${resource?.name ?? ''} ${String(generation)}`,
    )
    .sort();
}
