/** The delivery engine's parts, put together. */
import { randomUUID } from 'node:crypto';
import { type ConnectorRegistry } from '../../connectors/spi';
import {
  type AuditIntents,
  type AuditOutbox,
  type AuditReader,
  type AuditRecorder,
  type AuditRetention,
} from '../domain/audit-ports';
import { type BindingSweeps } from '../domain/binding-sweep';
import { type GuardedAmounts, type GuardStore, type HeldBindings } from '../domain/guard';
import { type OperationQueue, type OperationStore } from '../domain/operation';
import {
  type BindingReader,
  type ChangeListener,
  type DeliveryControl,
  type Directories,
} from '../domain/ports';
import { type EntryPreviews } from '../domain/preview';
import { type Profiles } from '../domain/profile';
import { Provisioning } from '../domain/provisioning';
import { type SchemasOf } from '../domain/schema-table';
import { Adoption } from './entries/adoption';
import { AuditDrain } from './upkeep/audit-drain';
import { AuditKeeping } from './upkeep/audit-keeping';
import { type CallObserver } from './call-observer';
import { type OtpChoiceStore, type TokenAssignments } from '../domain/token-pool';
import { type Clock, systemClock } from './clock';
import { ConnectorHost } from './connectors/connector-host';
import { Announcements } from './entries/announcements';
import { DesiredEntries } from './entries/desired-entries';
import { ConnectorDirectories } from './connectors/directories';
import { DirectoryQuestions } from './connectors/directory-questions';
import { Dispatcher } from './lanes/dispatcher';
import { FanOut } from './lanes/fan-out';
import { Guard } from './entries/guard';
import { GroupMembers } from './entries/group-members';
import { Holding } from './entries/holding';
import { Housekeeping } from './upkeep/housekeeping';
import { Lanes } from './lanes/lanes';
import { type Log } from './log';
import {
  type DeliveryResources,
  type DeliveryRules,
  type DeliveryTargets,
  type EntryReferences,
  type FanOutStore,
  type MembershipDeltas,
  type MembershipJournal,
  type RolloutStore,
  type RuleReviews,
  type WorkQueue,
} from '../domain/delivery-ports';
import { MemberDrifts } from './operations/member-drift';
import { operationHandlers } from './operations/operation-handlers';
import { OperationRunner } from './operations/operation-runner';
import { OnDemand } from './lanes/on-demand';
import { OtpChoices } from './upkeep/otp-choices';
import { Previews } from './previews/previews';
import { Reconciler } from './entries/reconciler';
import { SecondLook } from './entries/second-look';
import { RetryPolicy } from './entries/retry-policy';
import { Rollouts } from './upkeep/rollouts';
import { RuleCache } from './rule-cache';
import { Schedule } from './operations/schedule';
import { TargetSchemas } from './connectors/target-schemas';
import { ENGINE_TIMES, type EngineTimes } from './times';

export interface DeliveryEngineDeps {
  readonly resources: DeliveryResources;
  readonly journal: MembershipJournal;
  readonly rules: DeliveryRules;
  readonly targets: DeliveryTargets;
  readonly queue: WorkQueue;
  readonly fanOut: FanOutStore;
  readonly deltas: MembershipDeltas;
  readonly references: EntryReferences;
  readonly rollouts: RolloutStore;
  readonly operations: OperationQueue & Pick<OperationStore, 'start' | 'list' | 'items'>;
  readonly sweeps: BindingSweeps;
  readonly bindings: Pick<BindingReader, 'list' | 'count'>;
  readonly guards: GuardStore;
  readonly held: HeldBindings;
  readonly amounts: GuardedAmounts;
  readonly registry: ConnectorRegistry;
  readonly schemas: SchemasOf;
  readonly profiles: Profiles;
  readonly tokens: TokenAssignments;
  readonly choices: OtpChoiceStore;
  readonly reviews: RuleReviews;
  readonly audit: DeliveryAudit;
  /** Calls to a target at the same time; a connector may want fewer. */
  readonly workers: number;
  readonly dataDir: string;
  readonly log: Log;
  /** Told of every call into a connector. */
  readonly observe?: CallObserver;
  readonly clock?: Clock;
  readonly times?: Partial<EngineTimes>;
}

/** The audit trail as the engine fills and keeps it. */
export interface DeliveryAudit {
  readonly outbox: AuditOutbox;
  readonly reader: Pick<AuditReader, 'list'>;
  readonly trail: AuditRecorder;
  readonly intents: Pick<AuditIntents, 'settle'>;
  readonly retention: AuditRetention;
  /** How long events are kept. */
  readonly retentionDays: number;
}

export interface DeliveryEngine {
  start(): void;
  /** Lets deliveries under way finish for a few seconds, gives up the others, closes all connectors. */
  stop(): Promise<void>;
  readonly changeListener: ChangeListener;
  readonly control: DeliveryControl;
  readonly directories: Directories;
  readonly previews: EntryPreviews;
  readonly questions: Pick<DirectoryQuestions, 'answererOf'>;
  /** Resolves when nothing is waiting or under way, retries included. For tests. */
  idle(): Promise<void>;
}

const IDLE_CHECK_MS = 10;

export function createDeliveryEngine(deps: DeliveryEngineDeps): DeliveryEngine {
  const parts = createParts(deps);
  const { clock, host, lanes, dispatcher, housekeeping, rollouts, operations, drain } = parts;
  const { log, registry, targets } = deps;
  const { drainMs, giveUpMs } = parts.times;
  const background = [dispatcher, lanes, housekeeping, rollouts, operations, parts.schedule];
  return {
    start() {
      for (const part of background) part.start();
      drain.start();
    },
    async stop() {
      const ending = Promise.all(background.map((part) => part.stop()))
        .then(() => drain.stop())
        .then(() => host.closeAll());
      // A store or a connector that hangs must not keep the process: its leases run out by themselves.
      const ended = new AbortController();
      const patience = clock.sleep(drainMs + giveUpMs, ended.signal);
      await Promise.race([ending, patience]).finally(() => ended.abort());
    },
    changeListener: { resourceChanged: ({ id }) => dispatcher.hint(id) },
    control: deliveryControl(parts, deps),
    directories: new ConnectorDirectories({
      registry,
      host,
      schemas: new TargetSchemas({ host, clock, log }),
      log,
    }),
    previews: new Previews({ ...deps, clock, host }),
    questions: new DirectoryQuestions({ targets, host, clock }),
    async idle() {
      while (!dispatcher.isIdle || (await isBusy(deps)) || !(await drain.isIdle())) {
        await clock.sleep(IDLE_CHECK_MS, new AbortController().signal);
      }
    },
  };
}

type Parts = ReturnType<typeof createParts>;

/** What works in the background, and what it works with. */
function createParts(deps: DeliveryEngineDeps) {
  const { clock = systemClock } = deps;
  const times: EngineTimes = { ...ENGINE_TIMES, ...deps.times };
  const common = { ...deps, ...deps.audit, clock, times, owner: randomUUID() };
  const drain = new AuditDrain(common);
  const host = new ConnectorHost({ ...deps, clock, times: times.call });
  const rules = new RuleCache(deps.rules, clock);
  const desired = new DesiredEntries(deps.schemas, deps.profiles);
  const otpChoices = new OtpChoices(common);
  const wake = (targetId: string, ruleId: string): void => lanes.wake(targetId, ruleId);
  const noted = (bindingId: string): void => drain.hint(bindingId);
  const secondLook = new SecondLook({ ...common, wake });
  const holding = new Holding({ ...common, rules, secondLook, wake, noted });
  const reconciler = new Reconciler({
    ...common,
    rules,
    host,
    members: new GroupMembers(deps.deltas, deps.amounts),
    desired,
    secondLook,
    guard: new Guard({ ...common, desired }),
    holding,
    announcements: new Announcements({ ...common, wake }),
    retryPolicy: new RetryPolicy(clock, times.retry),
    noted,
  });
  const lanes = new Lanes({
    ...common,
    host,
    deliver: (lease, target) => reconciler.deliver(lease, target),
  });
  const dispatcher = new Dispatcher({
    ...common,
    otpChoices,
    requests: new FanOut({ ...deps, rules, desired }),
    wake,
  });
  return {
    clock,
    times,
    drain,
    host,
    rules,
    holding,
    lanes,
    dispatcher,
    housekeeping: new Housekeeping({
      ...common,
      otpChoices,
      auditKeeping: new AuditKeeping(common),
      holding,
    }),
    rollouts: new Rollouts({ ...common, wake }),
    onDemand: new OnDemand({ ...common, rules, wake, hint: (id) => dispatcher.hint(id) }),
    adoption: new Adoption({ ...common, host, wake }),
    schedule: new Schedule(common),
    operations: new OperationRunner({
      ...common,
      handlers: operationHandlers({
        ...common,
        host,
        ruleCache: rules,
        desired,
        memberDrifts: new MemberDrifts(deps),
        provisioning: provisioningOf(deps, (id) => dispatcher.hint(id)),
        wake,
      }),
    }),
  };
}

/** Changes resources as SCIM clients do, for operations. */
function provisioningOf({ resources }: DeliveryEngineDeps, hint: (id: string) => void) {
  const changes = { resourceChanged: ({ id }: { readonly id: string }) => hint(id) };
  return new Provisioning({ store: resources, changes });
}

async function isBusy({ fanOut, queue }: DeliveryEngineDeps): Promise<boolean> {
  return (await fanOut.countPending()) > 0 || (await queue.countWork()) > 0;
}

function deliveryControl(
  { rules, holding, dispatcher, lanes, rollouts, operations, onDemand, adoption, clock }: Parts,
  deps: DeliveryEngineDeps,
): DeliveryControl {
  const { queue } = deps;
  const wakeAll = async (ruleId: string): Promise<void> => {
    const rule = await deps.rules.find(ruleId);
    for (const { targetId } of rule?.syncAs ?? []) lanes.wake(targetId, ruleId);
  };
  return {
    async retry(bindingId) {
      const binding = await queue.retry(bindingId, clock.now());
      if (binding) lanes.wake(binding.targetId, binding.ruleId);
      return binding;
    },
    async deleteNow(bindingId) {
      const binding = await queue.deleteNow(bindingId, clock.now());
      if (binding) lanes.wake(binding.targetId, binding.ruleId);
      return binding;
    },
    deliver: (resource) => onDemand.deliver(resource),
    adopt: (binding, entry) => adoption.adopt(binding, entry),
    async ruleEnabled(ruleId) {
      rules.invalidate(ruleId);
      await queue.requeueHeld(ruleId, 'RULE_DISABLED', clock.now());
      await wakeAll(ruleId);
    },
    async guardDecided(decided) {
      rules.invalidate(decided.ruleId);
      const bindings = await holding.decide(decided);
      await wakeAll(decided.ruleId);
      return bindings;
    },
    ruleDeletionStarted(ruleId) {
      rules.invalidate(ruleId);
      dispatcher.hintMany();
    },
    ruleChanged(ruleId) {
      rules.invalidate(ruleId);
      rollouts.hint();
    },
    targetChanged() {
      lanes.hint();
      rollouts.hint();
    },
    operationChanged: () => operations.hint(),
  };
}
