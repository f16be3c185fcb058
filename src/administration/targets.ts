import { type Directories, type TargetStore, type TargetTestStep } from '../domain/ports';
import { type Target } from '../domain/target';
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

/** A target as an administrator describes it; settings and secrets are still unchecked. */
export interface NewTarget {
  readonly name: string;
  readonly connector: string;
  readonly settings: unknown;
  readonly secrets: unknown;
}

/** A target and what its connection test found. */
export interface TargetTest {
  readonly target: Target;
  readonly steps: readonly TargetTestStep[];
}

/** What administrators do to targets. */
export class Targets {
  constructor(
    private readonly targets: TargetStore,
    private readonly directories: Directories,
  ) {}

  async create(input: NewTarget): Promise<Outcome<Target>> {
    const name = tidyName(input.name);
    const parsed = this.parse(input);
    const issues = [...nameIssues(name), ...('issues' in parsed ? parsed.issues : [])];
    if ('issues' in parsed || issues.length > 0) return { issues };

    const { settings, secrets } = parsed;
    return unlessTaken(
      () => this.targets.insert({ name, connector: input.connector, settings, secrets }),
      'Another target has this name. Names differ in more than upper and lower case.',
    );
  }

  /** Tries the target's connection; a directory that cannot be reached is a finding, not an issue. */
  async test(id: string): Promise<Outcome<TargetTest>> {
    const target = await this.targets.find(id);
    if (target === undefined) return refused('NOT_FOUND', ['id'], 'There is no such target.');
    return { value: { target, steps: await this.directories.test(target) } };
  }

  private parse(
    input: NewTarget,
  ): Pick<Target, 'settings' | 'secrets'> | { readonly issues: readonly Issue[] } {
    const known = this.directories.types().map((type) => type.id);
    if (!known.includes(input.connector)) {
      const message = `There is no such connector. Loaded are: ${known.join(', ')}.`;
      return { issues: [issue('INVALID', ['connector'], message)] };
    }
    const parsed = this.directories.parse(input.connector, input.settings, input.secrets);
    return parsed.ok
      ? { settings: parsed.settings, secrets: parsed.secrets }
      : { issues: invalidBelow([], parsed.issues) };
  }
}
