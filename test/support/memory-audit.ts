/** The audit trail in memory: facts in the order in which they were recorded, without chains. */
import { type AuditEvent, type AuditFact } from '../../src/domain/audit';
import { type AuditIntents, type AuditReader } from '../../src/domain/audit-ports';

export interface MemoryAudit {
  readonly facts: AuditFact[];
  readonly intents: Omit<AuditIntents, 'settle'>;
  readonly reader: AuditReader;
}

export function memoryAudit(): MemoryAudit {
  const facts: AuditFact[] = [];
  const asEvent = (fact: AuditFact, index: number): AuditEvent => ({
    ...fact,
    seq: index + 1,
    previousHash: '',
    hash: '',
    recorded: fact.id,
  });
  return {
    facts,
    intents: {
      begin: async () => undefined,
      abandon: async () => undefined,
      finish: async (fact) => void facts.push(fact),
    },
    reader: {
      list: async ({ limit }) => ({
        items: facts.map(asEvent).reverse().slice(0, limit),
        hasMore: facts.length > limit,
      }),
      findAll: async (ids) => facts.map(asEvent).filter(({ id }) => ids.includes(id)),
      tail: async () => ({ events: [], position: { recorded: '', seen: new Set() } }),
    },
  };
}
