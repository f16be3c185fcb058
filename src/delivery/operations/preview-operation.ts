/**
 * Rehearses all deliveries of a rule, as it is or as it might be: target by target, users before groups, page by page in the
 * order in which a change of the rule is carried out. Directories are read a little at a time, so that deliveries go before.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { ConnectorError } from '../../../connectors/spi';
import {
  type DeliveryResources,
  type DeliveryRules,
  type RolloutStore,
} from '../../domain/delivery-ports';
import { type GuardStore } from '../../domain/guard';
import { itemKey, type OperationItem } from '../../domain/operation';
import { type TargetStore } from '../../domain/ports';
import {
  PREVIEW_OUTCOMES,
  type PreviewFindingDetail,
  targetOutcome,
  UNCHANGED,
} from '../../domain/preview-finding';
import { type Profiles } from '../../domain/profile';
import { GROUP, USER } from '../../domain/resource';
import { type SchemasOf } from '../../domain/schema-table';
import { type SyncRule } from '../../domain/sync-rule';
import { type Target } from '../../domain/target';
import { type ConnectorHost } from '../connectors/connector-host';
import { DesiredEntries } from '../entries/desired-entries';
import { ConnectorFault, OperationFailed } from '../errors';
import { describeError, type Log } from '../log';
import { type About, type Candidate, Candidates } from '../previews/candidates';
import { Collisions, type Found } from '../previews/collisions';
import { Rehearsal, type RehearsalDeps } from '../previews/rehearsal';
import { type RehearsedCounts, RehearsedGuards } from '../previews/rehearsed-guard';
import { type EngineTimes } from '../times';
import { type OperationHandler, type OperationOutcome, type OperationRun } from './operation-run';

export interface PreviewOperationDeps extends RehearsalDeps {
  readonly targets: Pick<TargetStore, 'find'>;
  readonly resources: Pick<DeliveryResources, 'findAll' | 'count'>;
  readonly rules: Pick<DeliveryRules, 'find'>;
  readonly rollouts: Pick<RolloutStore, 'page'>;
  readonly guards: Pick<GuardStore, 'find' | 'passed'>;
  readonly schemas: SchemasOf;
  readonly profiles: Profiles;
  readonly host: Pick<ConnectorHost, 'withConnector'>;
  readonly log: Log;
  readonly times: Pick<EngineTimes, 'operationPollMs'>;
}

/** Resources looked at in one step. */
const PAGE = 50;
/** Of the calls that a target serves at the same time. */
const AT_A_TIME = 2;
/** How often in a row a target is asked that does not answer, each time after twice the wait. */
const MOST_SILENCES = 5;
const SILENT: ReadonlySet<string> = new Set(['unavailable', 'timeout', 'throttled']);

interface Position {
  /** Counts the targets that are done. */
  readonly target: number;
  /** Looks once more at those that name entries of which something has been found since. */
  readonly again: boolean;
  readonly after?: string;
  readonly guard: RehearsedCounts;
  /** Whose entries others would name otherwise. */
  readonly told: readonly NonNullable<PreviewFindingDetail['kind']>[];
  readonly silences: number;
  /** Names of targets of which not everything is known. */
  readonly unknown: readonly string[];
}

const NO_COUNTS: RehearsedCounts = { targetId: '', passed: {}, tripped: false };
const FIRST: Position = {
  ...{ target: 0, again: false, guard: NO_COUNTS },
  ...{ told: [], silences: 0, unknown: [] },
};

export function previewOperation(deps: PreviewOperationDeps): OperationHandler<'PREVIEW'> {
  return (run) => new PreviewRun(deps, run).carryOut();
}

class PreviewRun {
  /** Of its own: what is remembered there is remembered by rule and version, and a draft is neither. */
  private readonly desired: DesiredEntries;

  constructor(
    private readonly deps: PreviewOperationDeps,
    private readonly runs: OperationRun<'PREVIEW'>,
  ) {
    this.desired = new DesiredEntries(deps.schemas, deps.profiles);
  }

  async carryOut(): Promise<OperationOutcome> {
    const { runs } = this;
    const { syncAs, ruleVersion } = runs.operation.input;
    let rule = await this.rule();
    let position = (runs.operation.position as Position | undefined) ?? (await this.begin(rule));
    while (position.target < syncAs.length) {
      const next = await this.step(position, rule);
      await runs.note({ position: next });
      if (next.silences > position.silences) return { again: this.later(next.silences) };
      position = next;
      rule = await this.rule();
      await breathe();
    }
    const messages = [
      ...unknownMessage(position.unknown),
      ...(rule.version === ruleVersion
        ? []
        : ['The sync rule was changed meanwhile: some of this may be as it was before.']),
    ];
    const message = messages.length === 0 ? {} : { message: messages.join(' ') };
    return {
      end: position.unknown.length > 0 ? 'PARTIALLY_SUCCEEDED' : 'SUCCEEDED',
      ...message,
    };
  }

  /** The rule with the targets that are looked at, as if nothing else were going on with it. */
  private async rule(): Promise<SyncRule> {
    const { ruleId = '', input } = this.runs.operation;
    const found = await this.deps.rules.find(ruleId);
    if (!found || found.deletion !== undefined) throw new OperationFailed('The sync rule is gone.');
    const { rollouts: _rollouts, ...rule } = found;
    return { ...rule, enabled: true, syncAs: input.syncAs };
  }

  private async begin({ id: ruleId, syncAs }: SyncRule): Promise<Position> {
    const { resources, guards } = this.deps;
    const users = await resources.count({ ruleId, resourceType: USER });
    const groups = await resources.count({ ruleId, resourceType: GROUP });
    const tripped = (await guards.find(ruleId))?.trip !== undefined;
    const position = { ...FIRST, guard: { ...NO_COUNTS, tripped } };
    await this.runs.note({ total: (users + groups) * syncAs.length, position });
    return position;
  }

  /** One page of one target; a target that does not answer, or cannot be asked, holds up no other. */
  private async step(position: Position, rule: SyncRule): Promise<Position> {
    const { targetId = '' } = rule.syncAs[position.target] ?? {};
    const target = await this.deps.targets.find(targetId);
    if (!target || target.deletedAt) {
      return this.giveUp(position, { id: targetId, name: targetId }, 'The target is gone.');
    }
    try {
      return await this.deps.host.withConnector(target, (connector) =>
        this.page(position, { rule, target, connector }),
      );
    } catch (error) {
      if (error instanceof ConnectorFault) {
        this.deps.log('error', 'A connector failed in a preview', describeError(error));
        const message = 'The connector failed; see the log of the gateway.';
        return this.giveUp(position, target, message);
      }
      if (!(error instanceof ConnectorError)) throw error;
      const { silences } = position;
      if (SILENT.has(error.kind) && silences < MOST_SILENCES) {
        return { ...position, silences: silences + 1 };
      }
      return this.giveUp(position, target, error.message);
    }
  }

  private async page(position: Position, about: About): Promise<Position> {
    const { rule, target, connector } = about;
    const { runs, desired } = this;
    const guards = new RehearsedGuards(
      target.id,
      await this.counts(position, about),
      !position.again,
    );
    const rehearsal = new Rehearsal(this.deps, {
      ...{ rule, target, connector, guards, desired },
      itemsOf: runs.operation.itemsOf,
      lease: runs,
    });
    const { resources, next } = await this.deps.rollouts.page(rule.id, position.after, PAGE);
    const candidates = new Candidates(this.deps, desired, about);
    const all = await candidates.of(resources);
    const some = position.again
      ? await candidates.toldOtherwise(all, rehearsal.foreseen, position.told.includes('group'))
      : all;
    const told = new Set(position.told);
    const collisions = new Collisions(this.deps.operations, runs.operation.itemsOf, target.id);
    // Groups hear of what was found of their members, be it on the same page.
    for (const type of [USER, GROUP]) {
      const found = await collisions.settle(
        await rehearsed(
          rehearsal,
          some.filter(({ resource }) => resource.resourceType === type),
        ),
      );
      await this.note(position, target, found);
      for (const { finding } of found) {
        if (finding?.detail.told && finding.detail.kind) told.add(finding.detail.kind);
      }
    }
    if (!position.again) runs.advance(resources.filter(({ deleted }) => !deleted).length);
    const stays = { ...position, silences: 0, guard: guards.counted, told: [...told] };
    if (next !== undefined) return { ...stays, after: next };
    const { after: _after, ...first } = stays;
    if (!position.again && told.size > 0) return { ...first, again: true };
    await this.sumUp(target.id);
    return { ...first, target: position.target + 1, again: false, told: [] };
  }

  /** What has passed the guard in its window counts too. */
  private async counts({ guard }: Position, { rule, target }: About): Promise<RehearsedCounts> {
    if (guard.targetId === target.id) return guard;
    const windowMs = rule.guard.windowMinutes * 60_000;
    const of = { ruleId: rule.id, targetId: target.id, now: this.deps.clock.now(), windowMs };
    const passed = await this.deps.guards.passed(of);
    return { targetId: target.id, passed, tripped: guard.tripped };
  }

  /** What is repeated after a crash replaces what was there, also by nothing. */
  private async note(
    { again }: Position,
    { id: targetId }: Target,
    found: readonly Found[],
  ): Promise<void> {
    const items: OperationItem[] = [];
    const gone: string[] = [];
    const { ruleId = '' } = this.runs.operation;
    for (const { resource, finding, claim } of found) {
      const key = itemKey(targetId, resource.id);
      if (finding) {
        const { outcome, detail } = finding;
        const about = { ruleId, targetId, resourceId: resource.id };
        const claimed = claim === undefined ? {} : { claim };
        items.push({ key, outcome, ...about, ...claimed, detail: { ...detail } });
      } else {
        gone.push(key);
      }
      if (!again) this.runs.count(targetOutcome(finding?.outcome ?? UNCHANGED, targetId));
    }
    await this.runs.replace(items, gone);
  }

  private async giveUp(
    position: Position,
    { id: targetId, name }: Pick<Target, 'id' | 'name'>,
    message: string,
  ): Promise<Position> {
    const detail: PreviewFindingDetail = { changes: [], changeCount: 0, message };
    const item = {
      key: itemKey(targetId, '~'),
      outcome: 'UNKNOWN',
      targetId,
      detail: { ...detail },
    };
    await this.runs.replace([item], []);
    this.runs.count(targetOutcome('UNKNOWN', targetId));
    const { after: _after, ...first } = position;
    return {
      ...first,
      ...{ target: position.target + 1, again: false, told: [], silences: 0 },
      unknown: [...position.unknown, name],
    };
  }

  /** By what is durable: what was looked at once more may have another outcome. */
  private async sumUp(targetId: string): Promise<void> {
    const { runs } = this;
    const sum = (): number =>
      [...PREVIEW_OUTCOMES, UNCHANGED].reduce(
        (before, outcome) => before + (runs.counts[targetOutcome(outcome, targetId)] ?? 0),
        0,
      );
    const seen = sum();
    runs.set(targetOutcome(UNCHANGED, targetId), 0);
    await runs.recount(PREVIEW_OUTCOMES, targetId);
    runs.set(targetOutcome(UNCHANGED, targetId), Math.max(0, seen - sum()));
  }

  private later(silences: number): Date {
    const { clock, times } = this.deps;
    return new Date(clock.now().getTime() + times.operationPollMs * 2 ** (silences - 1));
  }
}

/** In their order, a few at a time. None is left behind when another one fails. */
async function rehearsed(
  rehearsal: Rehearsal,
  candidates: readonly Candidate[],
): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (let start = 0; start < candidates.length; start += AT_A_TIME) {
    const settled = await Promise.allSettled(
      candidates.slice(start, start + AT_A_TIME).map(async ({ item, resource }) => ({
        resource,
        finding: await rehearsal.of(item, resource),
      })),
    );
    for (const one of settled) {
      if (one.status === 'rejected') throw one.reason;
      found.push(one.value);
    }
  }
  return found;
}

function unknownMessage(names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const quoted = names.map((name) => `"${name}"`).join(', ');
  return [`Not all is known of ${quoted}: see the items with UNKNOWN.`];
}
