/** The figures of a run of the store's bench, beside those of the prototype the store was decided on. */

/** One figure. Rates are better when high, everything else when low. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: '/s' | 'docs/s' | 'ms' | 'MB';
  /** Lowest and highest figure of the prototype, where it was measured too. */
  readonly reference?: readonly [low: number, high: number];
  /** What the prototype's best figure would be on this machine, as far as the calibration tells. */
  readonly expected?: number;
  readonly note?: string;
}

/** Slower than a reference by more than a quarter. */
const TOLERATED = 1 / 1.25;

function ratio({ unit, value }: Figure, reference: number): number {
  return unit === 'ms' || unit === 'MB' ? reference / value : value / reference;
}

function number(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

function worst({ unit, reference }: Figure): number {
  const [low, high] = reference ?? [0, 0];
  return unit === 'ms' || unit === 'MB' ? high : low;
}

function best({ unit, reference }: Figure): number {
  const [low, high] = reference ?? [0, 0];
  return unit === 'ms' || unit === 'MB' ? low : high;
}

function verdict(figure: Figure): string {
  const byRange = ratio(figure, worst(figure));
  const calibrated = ratio(figure, figure.expected ?? worst(figure));
  if (byRange >= TOLERATED) return 'ok';
  return calibrated >= TOLERATED ? 'ok, calibrated' : 'SLOWER';
}

function cells(figure: Figure): string[] {
  const { name, value, unit, reference, expected, note } = figure;
  const measured = `${number(value)} ${unit}`;
  if (reference === undefined) return [name, measured, '', '', '', '', note ?? ''];
  const range =
    reference[0] === reference[1] ? number(reference[0]) : reference.map(number).join(' - ');
  return [
    name,
    measured,
    `${range} ${unit}`,
    ratio(figure, worst(figure)).toFixed(2),
    ratio(figure, best(figure)).toFixed(2),
    expected === undefined ? '' : ratio(figure, expected).toFixed(2),
    [verdict(figure), note].filter((text) => text !== undefined).join('; '),
  ];
}

const HEAD = [
  'operation',
  'this run',
  'prototype',
  'to its worst',
  'to its best',
  'to its best, calibrated',
  '',
];

/** A Markdown table. Ratios are above 1 where this run did better than the prototype. */
export function table(figures: readonly Figure[]): string {
  const rows = [HEAD, ...figures.map(cells)];
  const widths = HEAD.map((_, at) => Math.max(3, ...rows.map((row) => (row[at] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(HEAD), rule, ...figures.map((figure) => line(cells(figure)))].join('\n');
}
