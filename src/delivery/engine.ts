/** The delivery engine's parts, put together. */
import { randomUUID } from 'node:crypto';
import { type ConnectorRegistry } from '../../connectors/spi';
import { type ChangeListener, type DeliveryControl, type Directories } from '../domain/ports';
import { type EntryPreviews } from '../domain/preview';
import { type Profiles } from '../domain/profile';
import { type SchemasOf } from '../domain/schema-table';
import { type CallObserver } from './call-observer';
import { type OtpChoiceStore, type TokenAssignments } from '../domain/token-pool';
import { type Clock, systemClock } from './clock';
import { ConnectorHost } from './connector-host';
import { DesiredEntries } from './desired-entries';
import { ConnectorDirectories } from './directories';
import { DirectoryQuestions } from './directory-questions';
import { Dispatcher } from './dispatcher';
import { FanOut } from './fan-out';
import { GroupMembers } from './group-members';
import { Housekeeping } from './housekeeping';
import { Lanes } from './lanes';
import { type Log } from './log';
import {
  type DeliveryResources,
  type DeliveryRules,
  type DeliveryTargets,
  type FanOutStore,
  type MembershipDeltas,
  type MembershipJournal,
  type RolloutStore,
  type RuleReviews,
  type WorkQueue,
} from '../domain/delivery-ports';
import { OtpChoices } from './otp-choices';
import { Previews } from './previews';
import { Reconciler } from './reconciler';
import { RetryPolicy } from './retry-policy';
import { Rollouts } from './rollouts';
import { RuleCache } from './rule-cache';
import { TargetSchemas } from './target-schemas';
import { ENGINE_TIMES, type EngineTimes } from './times';

export interface DeliveryEngineDeps {
  readonly resources: DeliveryResources;
  readonly journal: MembershipJournal;
  readonly rules: DeliveryRules;
  readonly targets: DeliveryTargets;
  readonly queue: WorkQueue;
  readonly fanOut: FanOutStore;
  readonly deltas: MembershipDeltas;
  readonly rollouts: RolloutStore;
  readonly registry: ConnectorRegistry;
  readonly schemas: SchemasOf;
  readonly profiles: Profiles;
  readonly tokens: TokenAssignments;
  readonly choices: OtpChoiceStore;
  readonly reviews: RuleReviews;
  /** Calls to a target at the same time; a connector may want fewer. */
  readonly workers: number;
  readonly dataDir: string;
  readonly log: Log;
  /** Told of every call into a connector. */
  readonly observe?: CallObserver;
  readonly clock?: Clock;
  readonly times?: Partial<EngineTimes>;
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
  const { clock = systemClock, log, queue, registry } = deps;
  const times: EngineTimes = { ...ENGINE_TIMES, ...deps.times };
  const common = { ...deps, clock, times };
  const host = new ConnectorHost({ ...deps, times: times.call });
  const rules = new RuleCache(deps.rules, clock);
  const desired = new DesiredEntries(deps.schemas, deps.profiles);
  const otpChoices = new OtpChoices(common);
  const reconciler = new Reconciler({
    ...common,
    rules,
    host,
    members: new GroupMembers(deps.deltas),
    desired,
    retryPolicy: new RetryPolicy(clock, times.retry),
    wake: (targetId, ruleId) => lanes.wake(targetId, ruleId),
  });
  const lanes = new Lanes({
    ...common,
    host,
    owner: randomUUID(),
    deliver: (lease, target) => reconciler.deliver(lease, target),
  });
  const dispatcher = new Dispatcher({
    ...common,
    otpChoices,
    requests: new FanOut({ ...deps, rules, desired }),
    wake: (targetId, ruleId) => lanes.wake(targetId, ruleId),
  });
  const housekeeping = new Housekeeping({ ...common, otpChoices });
  const rollouts = new Rollouts({
    ...common,
    wake: (targetId, ruleId) => lanes.wake(targetId, ruleId),
  });
  return {
    start() {
      dispatcher.start();
      lanes.start();
      housekeeping.start();
      rollouts.start();
    },
    async stop() {
      await Promise.all([dispatcher, housekeeping, rollouts, lanes].map((part) => part.stop()));
      await host.closeAll();
    },
    changeListener: { resourceChanged: ({ id }) => dispatcher.hint(id) },
    control: deliveryControl({ queue, rules, dispatcher, lanes, rollouts, clock, deps }),
    directories: new ConnectorDirectories({
      registry,
      host,
      schemas: new TargetSchemas({ host, clock, log }),
      log,
    }),
    previews: new Previews({ ...deps, host }),
    questions: new DirectoryQuestions({ targets: deps.targets, host, clock }),
    async idle() {
      while (!dispatcher.isIdle || (await isBusy(deps))) {
        await clock.sleep(IDLE_CHECK_MS, new AbortController().signal);
      }
    },
  };
}

async function isBusy({ fanOut, queue }: DeliveryEngineDeps): Promise<boolean> {
  return (await fanOut.countPending()) > 0 || (await queue.countWork()) > 0;
}

function deliveryControl(parts: {
  readonly queue: WorkQueue;
  readonly rules: RuleCache;
  readonly dispatcher: Dispatcher;
  readonly lanes: Lanes;
  readonly rollouts: Rollouts;
  readonly clock: Clock;
  readonly deps: DeliveryEngineDeps;
}): DeliveryControl {
  const { queue, rules, dispatcher, lanes, rollouts, clock, deps } = parts;
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
    async ruleEnabled(ruleId) {
      rules.invalidate(ruleId);
      await queue.requeueHeld(ruleId, 'RULE_DISABLED', clock.now());
      const rule = await deps.rules.find(ruleId);
      for (const { targetId } of rule?.syncAs ?? []) lanes.wake(targetId, ruleId);
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
  };
}
