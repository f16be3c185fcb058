/** The chains of the audit trail as they are stored, event by event, for who verifies them. */
import { type AuditEvent } from '../domain/audit';
import { type ChainPosition } from '../domain/audit-chain';
import { MongoAuditRetention } from './audit-retention';
import { MongoAuditTrail, rangeOf, toEvent } from './audit-trail';
import { connect, type ConnectionOptions } from './connection';
import { documents } from './documents';
import { auditModels } from './models/audit.model';

export interface AuditChains {
  names(): Promise<readonly string[]>;
  /** Where what was purged ended. */
  anchor(chain: string): Promise<ChainPosition | undefined>;
  /** In their order, those after the given one; a batch at a time is in memory. */
  events(chain: string, afterSeq: number): AsyncIterable<AuditEvent>;
  close(): Promise<void>;
}

const BATCH = 500;

/** Changes nothing, and makes no indexes. */
export async function openAuditChains(options: ConnectionOptions): Promise<AuditChains> {
  const connection = await connect(options);
  const models = auditModels(connection);
  const retention = new MongoAuditRetention(models, new MongoAuditTrail(models));
  return {
    async names() {
      const names: string[] = [];
      for (let page: readonly string[]; ;) {
        page = await retention.chains(names.at(-1), BATCH);
        names.push(...page);
        if (page.length < BATCH) return names;
      }
    },
    async anchor(chain) {
      return (await documents(models.anchors).findOne({ _id: chain })) ?? undefined;
    },
    async *events(chain, afterSeq) {
      const cursor = documents(models.events).find(
        { _id: rangeOf(chain, afterSeq) },
        { sort: { _id: 1 }, batchSize: BATCH },
      );
      for await (const document of cursor) yield toEvent(document);
    },
    close: () => connection.close(),
  };
}
