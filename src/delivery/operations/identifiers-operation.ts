/**
 * Converts the user names of a rule (ADR 21). First every user's new name is evaluated and noted; then, name by name, those
 * who can have theirs get it. Who collides is known before the first one is renamed, and memory does not grow.
 */
import { bindingId } from '../../domain/binding';
import { type BindingSweeps } from '../../domain/binding-sweep';
import { type DeliveryRules } from '../../domain/delivery-ports';
import { DomainError } from '../../domain/error';
import { IDENTIFIER_OUTCOMES, UserNames, userNameOf } from '../../domain/identifiers';
import { type OperationItem, type OperationReader } from '../../domain/operation';
import { type ResourceStore } from '../../domain/ports';
import { type ProvisioningScope } from '../../domain/provisioning';
import { type Resource, USER } from '../../domain/resource';
import { type SchemasOf } from '../../domain/schema-table';
import { type SyncRule } from '../../domain/sync-rule';
import { profiles } from '../../domain/validation';
import { type Clock } from '../clock';
import { OperationFailed } from '../errors';
import { claimItem, NameClaims, namelessItem } from './name-claims';
import { originOf } from './operation-origin';
import { type OperationHandler, type OperationOutcome, type OperationRun } from './operation-run';
import { Renaming, type RenamingDeps } from './renaming';
import { type EngineTimes } from '../times';

export interface IdentifiersOperationDeps extends RenamingDeps {
  readonly resources: Pick<ResourceStore, 'findAll' | 'search' | 'list' | 'count'>;
  readonly rules: Pick<DeliveryRules, 'find'>;
  readonly operations: Pick<OperationReader, 'items'>;
  readonly sweeps: Pick<BindingSweeps, 'countDue'>;
  readonly schemas: SchemasOf;
  readonly clock: Clock;
  readonly times: Pick<EngineTimes, 'operationPollMs'>;
}

/** A fresh change of somebody else waits behind the deliveries of one page at most, unless a target is slow or down. */
const PAGE = 50;
/** So often the next page waits for the deliveries of the one before: a target that is down must not stop the others. */
const MOST_POLLS = 5;

type Position =
  | { readonly phase: 'EVALUATE'; readonly after?: string }
  | {
      readonly phase: 'RENAME';
      readonly after?: string;
      /** The users of the page before, and how often their deliveries were waited for. */
      readonly page: readonly string[];
      readonly polls: number;
    };

const FIRST: Position = { phase: 'EVALUATE' };
const FAILURES = ['COLLISION', 'NO_VALUE', 'INVALID', 'CHANGED'] as const;

export function identifiersOperation(
  deps: IdentifiersOperationDeps,
): OperationHandler<'IDENTIFIERS'> {
  return (run) => new Conversion(deps, run).run();
}

class Conversion {
  private readonly claims: NameClaims;

  constructor(
    private readonly deps: IdentifiersOperationDeps,
    private readonly runs: OperationRun<'IDENTIFIERS'>,
  ) {
    this.claims = new NameClaims(deps.operations, runs.operation.itemsOf);
  }

  async run(): Promise<OperationOutcome> {
    const { runs } = this;
    let position = (runs.operation.position ?? FIRST) as Position;
    if (position.phase === 'EVALUATE') {
      await this.evaluate(position.after);
      position = { phase: 'RENAME', page: [], polls: 0 };
      await runs.note({ position });
    }
    return this.rename(position);
  }

  private async evaluate(from: string | undefined): Promise<void> {
    const { runs } = this;
    const { resources } = this.deps;
    const ruleId = await this.ruleId();
    await runs.note({ total: await resources.count({ ruleId, resourceType: USER }) });
    for (let after = from; ;) {
      const { names } = await this.rule();
      const page = await resources.list({
        ruleId,
        resourceType: USER,
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      const items = page.items.flatMap((user) => this.evaluated(user, names) ?? []);
      await runs.put(items);
      for (const { outcome } of items) runs.count(outcome);
      runs.count('UNCHANGED', page.items.length - items.length);
      runs.advance(page.items.length - items.filter(({ outcome }) => outcome === 'WAITING').length);
      after = page.items.at(-1)?.id;
      if (after === undefined) return;
      await runs.note({ position: { phase: 'EVALUATE', after } satisfies Position });
      if (!page.hasMore) return;
    }
  }

  /** Undefined: the user is called so already. */
  private evaluated(user: Resource, names: UserNames) {
    const name = names.of(user);
    if ('outcome' in name) return namelessItem(user, name.outcome, name.message);
    return name.to === userNameOf(user) ? undefined : claimItem(user, name.to);
  }

  private async rename(
    position: Extract<Position, { phase: 'RENAME' }>,
  ): Promise<OperationOutcome> {
    const { runs, claims } = this;
    const isPreview = runs.operation.input.mode === 'PREVIEW';
    let { after, page, polls } = position;
    for (;;) {
      const { rule, names, scope } = await this.rule();
      if (polls < MOST_POLLS && (await this.areBehind(rule, page))) {
        await runs.note({ position: at(after, page, polls + 1) });
        return {
          again: new Date(this.deps.clock.now().getTime() + this.deps.times.operationPollMs),
        };
      }
      const renaming = new Renaming(this.deps, {
        scope,
        names,
        claims,
        isPreview,
        begin: () => runs.assertHeld(),
        note: (items) => runs.put(items),
      });
      const next = await claims.page(after, PAGE);
      const items: OperationItem[] = [];
      for (const claim of next.claims) items.push(await renaming.settle(claim));
      await runs.put(items);
      for (const { outcome } of items) runs.count(outcome);
      runs.set('WAITING', (runs.counts['WAITING'] ?? 0) - next.claims.length);
      runs.advance(next.claims.length);
      after = next.claims.at(-1)?.key ?? after;
      page = isPreview ? [] : next.claims.map(({ userId }) => userId);
      polls = 0;
      await runs.note({ position: at(after, page, polls) });
      if (next.isLast) return this.sumUp();
    }
  }

  /** By what is durable: whatever was repeated on the way. */
  private async sumUp(): Promise<OperationOutcome> {
    const { runs } = this;
    await runs.recount(IDENTIFIER_OUTCOMES);
    // Users came while it was looking.
    await runs.note({ total: runs.done });
    const isPreview = runs.operation.input.mode === 'PREVIEW';
    const failed = FAILURES.some((outcome) => (runs.counts[outcome] ?? 0) > 0);
    return { end: failed && !isPreview ? 'PARTIALLY_SUCCEEDED' : 'SUCCEEDED' };
  }

  /** Most of what was renamed is still to be delivered. */
  private async areBehind({ syncAs }: SyncRule, users: readonly string[]): Promise<boolean> {
    if (users.length === 0 || syncAs.length === 0) return false;
    const ids = syncAs.flatMap(({ targetId }) => users.map((id) => bindingId(targetId, id)));
    return (await this.deps.sweeps.countDue(ids, this.deps.clock.now())) > ids.length / 2;
  }

  private async ruleId(): Promise<string> {
    return (await this.rule()).rule.id;
  }

  /** The rule as it is now, and what it makes of user names. */
  private async rule() {
    const { ruleId = '', input, requestedBy } = this.runs.operation;
    const rule = await this.deps.rules.find(ruleId);
    if (!rule || rule.deletion) throw new OperationFailed('The sync rule is gone.');
    const schema = this.deps.schemas(rule).get(USER);
    if (!schema) throw new Error('Every rule has users');
    const profile = profiles[rule.scimProfile];
    const origin = originOf(requestedBy);
    const scope = { ruleId, resourceType: USER, schema, profile, roles: rule, origin };
    try {
      const names = new UserNames(input.expression, schema, profile);
      return { rule, names, scope: scope satisfies ProvisioningScope };
    } catch (error) {
      // The schemas of the rule are no longer what they were.
      if (error instanceof DomainError && error.code === 'invalidValue') {
        throw new OperationFailed(error.message);
      }
      throw error;
    }
  }
}

function at(after: string | undefined, page: readonly string[], polls: number): Position {
  return { phase: 'RENAME', ...(after === undefined ? {} : { after }), page, polls };
}
