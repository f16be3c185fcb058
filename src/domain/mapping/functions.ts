/**
 * The functions of the mapping language: total, without side effects, bounded by {@link Run}.
 *
 * Functions of one text work value by value, so a multi-valued attribute stays multi-valued.
 */
import { type Arguments, type FunctionDefinition, type Parameter } from './definition';
import { EvaluationProblem } from './problem';
import { type Run, type Values } from './run';
import { ascii, characters, digits, domainPart, hash, localPart, part } from './text';

const VALUE: Parameter = { name: 'value', kind: 'values' };
const START: Parameter = { name: 'start', kind: 'index' };
const LENGTH: Parameter = { name: 'length', kind: 'count' };
const SEARCH: Parameter = { name: 'search', kind: 'search' };
const CONDITION: Parameter = { name: 'condition', kind: 'condition' };

/** In the order of the documentation. A map, not an object: `constructor` is no function of the language. */
export const FUNCTIONS: ReadonlyMap<string, FunctionDefinition> = new Map([
  // One text to another, value by value.
  ['lower', valueWise([], (value) => value.toLowerCase())],
  ['upper', valueWise([], (value) => value.toUpperCase())],
  ['trim', valueWise([], (value) => value.trim())],
  ['normalise', valueWise([], (value) => value.normalize('NFKC'))],
  ['ascii', valueWise([], ascii)],
  ['digits', valueWise([], digits)],
  ['localPart', valueWise([], localPart)],
  ['domainPart', valueWise([], domainPart)],
  ['hash', valueWise([LENGTH], (value, args) => hash(value, args.integer(1, 0)))],
  ['limit', valueWise([LENGTH], (value, args) => characters(value, 0, args.integer(1, 0)))],
  [
    'substring',
    valueWise(
      [START],
      (value, args) => characters(value, args.integer(1, 0), args.integer(2, Infinity)),
      [LENGTH],
    ),
  ],
  [
    'split',
    valueWise(
      [
        { name: 'separator', kind: 'search' },
        { name: 'index', kind: 'index' },
      ],
      (value, args) => part(value, args.literal(1), args.integer(2, 0)),
    ),
  ],
  ['replace', define([VALUE, SEARCH, text('replacement')], replace)],
  ['append', define([VALUE, text('suffix')], append)],
  ['prepend', define([VALUE, text('prefix')], prepend)],

  // Several values to fewer or more.
  ['join', define([text('separator'), VALUE], join, { repeated: [VALUE] })],
  ['list', define([VALUE], list, { repeated: [VALUE] })],
  ['first', define([VALUE], (args) => args.values(0).slice(0, 1), { condition: 'asValues' })],
  ['last', define([VALUE], (args) => args.values(0).slice(-1), { condition: 'asValues' })],
  ['unique', define([VALUE], (args) => [...new Set(args.values(0))])],

  // Other resources.
  ['entryName', define([VALUE], entryNames, { refers: true })],

  // Choices.
  [
    'default',
    define([VALUE, values('otherwise')], firstPresent, {
      repeated: [values('otherwise')],
      condition: 'asValues',
    }),
  ],
  [
    'switch',
    define([VALUE, literal('case'), values('result')], choose, {
      repeated: [literal('case'), values('result')],
      optional: [values('otherwise')],
    }),
  ],
  [
    'if',
    define([CONDITION, values('then')], branch, {
      optional: [values('else')],
      condition: 'asValues',
    }),
  ],
  [
    'required',
    define([VALUE, { name: 'message', kind: 'search' }], demanded, { condition: 'asValues' }),
  ],

  // Conditions.
  ['eq', decide([VALUE, values('other')], equal)],
  ['exists', decide([VALUE], (args) => args.values(0).length > 0)],
  ['not', decide([CONDITION], (args) => !args.isTrue(0))],
  ['and', decide([CONDITION, CONDITION], all, [CONDITION])],
  ['or', decide([CONDITION, CONDITION], any, [CONDITION])],
  ['contains', compare('part', (value, part) => value.includes(part))],
  ['startsWith', compare('prefix', (value, prefix) => value.startsWith(prefix))],
  ['endsWith', compare('suffix', (value, suffix) => value.endsWith(suffix))],
]);

function text(name: string): Parameter {
  return { name, kind: 'text' };
}

function values(name: string): Parameter {
  return { name, kind: 'values' };
}

function literal(name: string): Parameter {
  return { name, kind: 'literal' };
}

function define(
  required: readonly Parameter[],
  apply: (args: Arguments, run: Run) => Values,
  more: Partial<FunctionDefinition> = {},
): FunctionDefinition {
  return { required, repeated: [], optional: [], condition: 'never', apply, ...more };
}

function valueWise(
  parameters: readonly Parameter[],
  change: (value: string, args: Arguments) => string,
  optional: readonly Parameter[] = [],
): FunctionDefinition {
  return define(
    [VALUE, ...parameters],
    (args, run) => map(args, run, (value) => change(value, args)),
    {
      optional,
    },
  );
}

function decide(
  required: readonly Parameter[],
  holds: (args: Arguments) => boolean,
  repeated: readonly Parameter[] = [],
): FunctionDefinition {
  return define(required, (args) => [String(holds(args))], { condition: 'always', repeated });
}

/** Whether some value and the text fit; nothing fits no text, for a missing value must not let everybody in. */
function compare(
  other: string,
  fits: (value: string, other: string) => boolean,
): FunctionDefinition {
  return decide([VALUE, text(other)], (args) => {
    const wanted = args.text(1);
    return wanted !== '' && args.values(0).some((value) => fits(value, wanted));
  });
}

/** By ids. Who has no entry in the target is left out, and comes as soon as there is one. */
function entryNames(args: Arguments, run: Run): Values {
  const result = run.collect();
  for (const id of args.values(0)) {
    const name = run.entries.nameOf(id);
    if (name !== undefined) result.add(name);
  }
  return result.values;
}

function all(args: Arguments): boolean {
  for (let index = 0; index < args.count; index += 1) if (!args.isTrue(index)) return false;
  return true;
}

function any(args: Arguments): boolean {
  for (let index = 0; index < args.count; index += 1) if (args.isTrue(index)) return true;
  return false;
}

function demanded(args: Arguments): Values {
  const found = args.values(0);
  if (found.length === 0) throw new EvaluationProblem(args.literal(1));
  return found;
}

function map(args: Arguments, run: Run, change: (value: string) => string): Values {
  const result = run.collect();
  for (const value of args.values(0)) result.add(change(value));
  return result.values;
}

function append(args: Arguments, run: Run): Values {
  const suffix = args.text(1);
  return map(args, run, (value) => value + suffix);
}

function prepend(args: Arguments, run: Run): Values {
  const prefix = args.text(1);
  return map(args, run, (value) => prefix + value);
}

/** All occurrences; the replacement is plain text (`$&` means nothing). */
function replace(args: Arguments, run: Run): Values {
  const search = args.literal(1);
  const replacement = args.text(2);
  return map(args, run, (value) => {
    const parts = value.split(search);
    run.checkLength(
      value.length + (parts.length - 1) * (replacement.length - search.length),
      value,
    );
    return parts.join(replacement);
  });
}

function join(args: Arguments, run: Run): Values {
  const separator = args.text(0);
  let joined = '';
  for (let index = 1; index < args.count; index += 1) {
    for (const value of args.values(index)) {
      joined = joined === '' ? value : joined + separator + value;
      run.checkLength(joined.length, joined);
    }
  }
  const result = run.collect();
  result.add(joined);
  return result.values;
}

function list(args: Arguments, run: Run): Values {
  const result = run.collect();
  for (let index = 0; index < args.count; index += 1) result.addAll(args.values(index));
  return result.values;
}

function firstPresent(args: Arguments): Values {
  for (let index = 0; index < args.count; index += 1) {
    const found = args.values(index);
    if (found.length > 0) return found;
  }
  return [];
}

/** Arguments: value, then pairs of case and result, then perhaps what to take otherwise. */
function choose(args: Arguments, run: Run): Values {
  const results = new Map<string, number>();
  const pairs = Math.floor((args.count - 1) / 2);
  for (let pair = 0; pair < pairs; pair += 1) {
    const name = args.literal(1 + 2 * pair);
    if (!results.has(name)) results.set(name, 2 + 2 * pair);
  }
  const otherwise = 1 + 2 * pairs;
  const given = args.values(0);
  if (given.length === 0) return args.values(otherwise);
  const result = run.collect();
  for (const value of given) result.addAll(args.values(results.get(value) ?? otherwise));
  return result.values;
}

function branch(args: Arguments): Values {
  return args.values(args.isTrue(0) ? 1 : 2);
}

/** Whether the two have a value in common. */
function equal(args: Arguments): boolean {
  const others = new Set(args.values(1));
  return args.values(0).some((value) => others.has(value));
}
