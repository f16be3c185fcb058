/** One evaluation of one expression: the resource it looks at, and what it has cost so far. */
import { type Resource } from '../resource';
import { MAX_VALUE_LENGTH, MAX_VALUES, MAX_WORK } from './limits';
import { EvaluationProblem } from './problem';

/** What a value costs beside its characters, in characters. */
const COST_OF_A_VALUE = 8;

/** The values of an expression: none of them empty, since SCIM and directories know no empty value. */
export type Values = readonly string[];

/** What a compiled expression does. */
export type Evaluate = (run: Run) => Values;

/** What entries of other resources are called in the target. */
export interface EntryNames {
  /** Undefined: the resource has no entry there, or is none of the rule. */
  nameOf(resourceId: string): string | undefined;
}

export const NO_ENTRIES: EntryNames = { nameOf: () => undefined };

export class Run {
  private work = 0;

  constructor(
    readonly resource: Resource,
    readonly entries: EntryNames = NO_ENTRIES,
  ) {}

  /** Accounts for a produced value; throws {@link EvaluationProblem} when it is too much. */
  spend(value: string): void {
    this.checkLength(value.length, value);
    this.work += value.length;
    this.look(value);
  }

  /** Accounts for having looked at one value: not even leaving one out is free. */
  look(value = ''): void {
    this.work += COST_OF_A_VALUE;
    if (this.work > MAX_WORK) {
      throw new EvaluationProblem(
        `the parts of the expression together produce more than ${MAX_WORK} characters`,
        value,
      );
    }
  }

  /** Refuses a value before it is built when it is known to become too long. */
  checkLength(length: number, value: string): void {
    if (length <= MAX_VALUE_LENGTH) return;
    throw new EvaluationProblem(
      `the value has ${length} characters, at most ${MAX_VALUE_LENGTH} are allowed`,
      value,
    );
  }

  /** A list of values to be filled. */
  collect(): Collector {
    return new Collector(this);
  }
}

/** Collects values, leaves empty ones out and refuses too many. */
export class Collector {
  readonly values: string[] = [];

  constructor(private readonly run: Run) {}

  add(value: string): void {
    if (value === '') return;
    this.run.spend(value);
    if (this.values.length >= MAX_VALUES) {
      throw new EvaluationProblem(`there are more than ${MAX_VALUES} values`, value);
    }
    this.values.push(value);
  }

  addAll(values: Values): void {
    for (const value of values) this.add(value);
  }
}
