import { isDeepStrictEqual } from 'node:util';
import {
  type Directories,
  type ParsedTarget,
  type TargetTestStep,
  type TargetMappings,
} from '../domain/ports';
import { type DeliveryLimits, MOST_OF_LIMITS, type Target } from '../domain/target';
import {
  invalidBelow,
  issue,
  nameIssues,
  refused,
  tidyName,
  unlessTaken,
  type Issue,
  type Outcome,
} from './issue';
import { mergedSecrets } from './merged-secrets';
import { type AdministrationPorts } from './ports';
import { scheduleAfter, type ScheduleInput } from './reconcile-schedule';
import { noSuchTarget, TargetDeletion } from './target-deletion';

/** A target as an administrator describes it; settings and secrets are still unchecked. */
export interface NewTarget extends ScheduleInput {
  readonly name: string;
  readonly connector: string;
  readonly settings: unknown;
  readonly secrets: Readonly<Record<string, unknown>>;
  readonly deliveryLimits?: DeliveryLimits;
}

/** What is to change of a target; settings and secrets are still unchecked. */
export interface TargetUpdate extends ScheduleInput {
  readonly name?: string;
  /** Replace the old ones. */
  readonly settings?: unknown;
  /** What is not mentioned is kept, `null` removes. */
  readonly secrets?: Readonly<Record<string, unknown>>;
  /** Replace the old ones. */
  readonly deliveryLimits?: DeliveryLimits;
  readonly expectedVersion?: number;
  /** The settings mean the directory they meant before, although they say otherwise: it moved. */
  readonly sameDirectory?: boolean;
}

/** Settings to be tried. */
export interface TargetSettings extends Omit<
  NewTarget,
  'name' | 'deliveryLimits' | keyof ScheduleInput
> {
  /** The target whose secrets are used where none are given. */
  readonly targetId?: string;
}

/** A target and what its connection test found. */
export interface TargetTest {
  readonly target: Target;
  readonly steps: readonly TargetTestStep[];
}

/** What settings mean, and what their connection test found. */
export interface TargetSettingsTest {
  /** Checked and completed. */
  readonly settings: Target['settings'];
  readonly mappings: TargetMappings;
  readonly steps: readonly TargetTestStep[];
}

const NAME_TAKEN = 'Another target has this name. Names differ in more than upper and lower case.';

type Ports = Pick<AdministrationPorts, 'targets' | 'syncRules' | 'directories' | 'delivery'>;

/** What administrators do to targets. */
export class Targets {
  private readonly deletion: TargetDeletion;

  constructor(
    private readonly ports: Ports,
    now: () => Date,
  ) {
    this.deletion = new TargetDeletion(ports, now);
  }

  async create(input: NewTarget): Promise<Outcome<Target>> {
    const { connector, deliveryLimits } = input;
    const name = tidyName(input.name);
    const parsed = this.parse(connector, input.settings, mergedSecrets({}, input.secrets));
    const schedule = scheduleAfter(undefined, input);
    const issues = [
      ...nameIssues(name),
      ...('issues' in parsed ? parsed.issues : []),
      ...limitIssues(deliveryLimits),
      ...(schedule.issues ?? []),
    ];
    if ('issues' in parsed || schedule.issues !== undefined || issues.length > 0) return { issues };

    const { settings, secrets } = parsed;
    const more = {
      ...(deliveryLimits === undefined ? {} : { deliveryLimits }),
      ...(schedule.value === null ? {} : { reconcile: schedule.value }),
    };
    return unlessTaken(
      () => this.ports.targets.insert({ name, connector, settings, secrets, ...more }),
      NAME_TAKEN,
    );
  }

  /** Changes what is given. Every process delivers by it within a second. */
  async update(id: string, input: TargetUpdate): Promise<Outcome<Target>> {
    const target = await this.ports.targets.find(id);
    if (target === undefined) return noSuchTarget();
    const name = tidyName(input.name ?? target.name);
    const parsed = this.parseChange(target, input);
    const schedule = scheduleAfter(target.reconcile, input);
    const issues = [
      ...versionIssues(target, input),
      ...nameIssues(name),
      ...('issues' in parsed ? parsed.issues : await this.otherDirectory(target, parsed, input)),
      ...limitIssues(input.deliveryLimits),
      ...(schedule.issues ?? []),
    ];
    if ('issues' in parsed || schedule.issues !== undefined || issues.length > 0) return { issues };

    const { settings, secrets } = parsed;
    const { deliveryLimits } = input;
    const limits = deliveryLimits === undefined ? {} : { deliveryLimits };
    const rollOut = !isDeepStrictEqual(plain(settings), plain(target.settings));
    const updated = await unlessTaken(
      () =>
        this.ports.targets.update(target, {
          ...{ name, settings, secrets, rollOut, ...limits },
          reconcile: schedule.value,
        }),
      NAME_TAKEN,
    );
    if (updated.issues !== undefined) return updated;
    if (updated.value === undefined) {
      const message = 'The target was changed by somebody else at the same moment. Read it again.';
      return refused('CONFLICT', ['id'], message);
    }
    this.ports.delivery.targetChanged(id);
    return { value: updated.value };
  }

  /** Refused while rules use it, unless `force` takes it out of them. */
  delete(id: string, force: boolean): Promise<Outcome<Target>> {
    return this.deletion.delete(id, force);
  }

  /** From now on nothing is delivered to it; nothing is lost. */
  async pause(id: string): Promise<Outcome<Target>> {
    return this.setPaused(id, true);
  }

  /** Delivers what has waited. */
  async resume(id: string): Promise<Outcome<Target>> {
    return this.setPaused(id, false);
  }

  /** Tries the target's connection; a directory that cannot be reached is a finding, not an issue. */
  async test(id: string): Promise<Outcome<TargetTest>> {
    const target = await this.ports.targets.find(id);
    if (target === undefined) return noSuchTarget();
    return { value: { target, steps: await this.ports.directories.test(target) } };
  }

  /** Tries a connection with settings that nothing uses yet. Nothing is kept. */
  async testSettings(input: TargetSettings): Promise<Outcome<TargetSettingsTest>> {
    const { connector, targetId } = input;
    const known = targetId === undefined ? undefined : await this.ports.targets.find(targetId);
    if (targetId !== undefined && known?.connector !== connector) {
      const message = 'There is no such target of this connector.';
      return refused('NOT_FOUND', ['targetId'], message);
    }
    const secrets = mergedSecrets(known?.secrets ?? {}, input.secrets);
    const parsed = this.parse(connector, input.settings, secrets);
    if ('issues' in parsed) return parsed;
    const now = new Date();
    const target: Target = {
      id: known?.id ?? 'unsaved',
      name: 'unsaved',
      connector,
      settings: parsed.settings,
      secrets: parsed.secrets,
      version: 0,
      createdAt: now,
      updatedAt: now,
    };
    const { directories } = this.ports;
    const mappings = directories.mappings(target) ?? { user: [], group: [] };
    return {
      value: { settings: parsed.settings, mappings, steps: await directories.test(target) },
    };
  }

  private async setPaused(id: string, paused: boolean): Promise<Outcome<Target>> {
    const target = await this.ports.targets.setPaused(id, paused);
    if (target === undefined) return noSuchTarget();
    this.ports.delivery.targetChanged(id);
    return { value: target };
  }

  /**
   * References of entries mean nothing in another directory, or somebody else's entries: what one target has provisioned
   * cannot be looked for in another.
   */
  private async otherDirectory(
    target: Target,
    { identity }: ParsedTarget,
    { settings, sameDirectory = false }: TargetUpdate,
  ): Promise<readonly Issue[]> {
    if (settings === undefined || sameDirectory || identity === undefined) return [];
    const before = this.parse(target.connector, target.settings, target.secrets);
    if ('issues' in before || before.identity === undefined) return [];
    if (before.identity === identity) return [];
    if ((await this.ports.syncRules.usersOfTarget(target.id, 1)).length === 0) return [];
    const message = `These settings mean another directory ("${identity}") than before ("${before.identity}"), where the entries that were provisioned are not found. Make a target of its own for it. If the directory itself has moved with all its entries, say so with sameDirectory.`;
    return [issue('IMMUTABLE', ['settings'], message)];
  }

  /** What nobody wants to change is not looked at: a name can be changed whatever has become of the settings. */
  private parseChange(
    target: Target,
    { settings, secrets }: TargetUpdate,
  ): ParsedTarget | { readonly issues: readonly Issue[] } {
    if (settings === undefined && secrets === undefined) return target;
    return this.parse(
      target.connector,
      settings ?? target.settings,
      mergedSecrets(target.secrets, secrets ?? {}),
    );
  }

  private parse(
    connector: string,
    settings: unknown,
    secrets: unknown,
  ): ParsedTarget | { readonly issues: readonly Issue[] } {
    const { directories } = this.ports;
    const known = directories.types().map((type) => type.id);
    if (!known.includes(connector)) {
      const message = `There is no such connector. Loaded are: ${known.join(', ')}.`;
      return { issues: [issue('INVALID', ['connector'], message)] };
    }
    const parsed: ReturnType<Directories['parse']> = directories.parse(
      connector,
      settings,
      secrets,
    );
    return parsed.ok ? parsed : { issues: invalidBelow([], parsed.issues) };
  }
}

function versionIssues({ version }: Target, { expectedVersion }: TargetUpdate): readonly Issue[] {
  if (expectedVersion === undefined || expectedVersion === version) return [];
  const message = `The target has version ${String(version)} now. Read it again.`;
  return [issue('CONFLICT', ['expectedVersion'], message)];
}

function limitIssues(limits: DeliveryLimits = {}): readonly Issue[] {
  return (['maxConcurrency', 'maxPerSecond'] as const).flatMap((field) => {
    const value = limits[field];
    const most = MOST_OF_LIMITS[field];
    if (value === undefined || (value >= 1 && value <= most)) return [];
    const message = `Choose 1 to ${String(most)}, or null for no limit.`;
    return [issue('INVALID', ['deliveryLimits', field], message)];
  });
}

/** As it is stored, without what is undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}
