/** The first start on an empty embedded store: something that works, and what to do with it (design 5.1). */
import { type Administration, type Issue } from './administration/administration';
import { type SyncRuleStore, type TargetStore } from './domain/ports';
import { type SyncAs } from './domain/sync-rule';
import { type Target } from './domain/target';

export interface QuickStart {
  readonly secretToken: string;
}

interface QuickStartStores {
  readonly syncRules: SyncRuleStore;
  readonly targets: TargetStore;
}

/** SQLite files in DATA_DIR, named. */
const TARGETS = [
  {
    name: 'Quick start RADIUS',
    connector: 'radius',
    settings: { database: { kind: 'sqlite', file: 'radius.db' } },
  },
  {
    name: 'Quick start SAML',
    connector: 'saml',
    settings: {
      database: { kind: 'sqlite', file: 'saml.db' },
      idpEntityId: 'https://idp.example/quick-start',
    },
  },
] as const;

/** Creates the rule "Quick start" with its targets; undefined when there is a rule already. */
export async function quickStart(
  stores: QuickStartStores,
  administration: Administration,
): Promise<QuickStart | undefined> {
  if ((await stores.syncRules.count({})) > 0) return undefined;
  const targets: Target[] = [];
  for (const draft of TARGETS) targets.push(await ensureTarget(stores, administration, draft));
  const created = await administration.syncRules.create({
    name: 'Quick start',
    enabled: true,
    syncAs: targets.map((target) => syncAs(target.id)),
  });
  return { secretToken: valueOf(created).secretToken };
}

/** A crash may have left a target without its rule. */
async function ensureTarget(
  stores: QuickStartStores,
  administration: Administration,
  draft: (typeof TARGETS)[number],
): Promise<Target> {
  const existing = await stores.targets.list({ limit: 1, search: draft.name });
  return (
    existing.items[0] ?? valueOf(await administration.targets.create({ ...draft, secrets: {} }))
  );
}

function syncAs(targetId: string): SyncAs {
  return {
    targetId,
    onDeactivate: 'DISABLE',
    onDelete: 'DELETE',
    correlation: { attributes: [], policy: 'ADOPT' },
  };
}

function valueOf<Value>(outcome: { value?: Value; issues?: readonly Issue[] }): Value {
  if (outcome.value !== undefined) return outcome.value;
  throw new Error(`Quick start: ${(outcome.issues ?? []).map((issue) => issue.message).join(' ')}`);
}
