/** How an entry differs from what is expected of it, in words for administrators. */
import { type Entry } from '../../../connectors/spi';
import { type AttributeDifference } from '../../domain/drift';
import { diffAttributes, valuesOf } from '../entries/differ';
import { type Expectation } from './expectation';

/** What a rule does not own, such as what it writes on create only, is not looked at. */
export function differencesOf(
  entry: Entry,
  expectation: Expectation,
  knowsActivation: boolean,
): readonly AttributeDifference[] {
  if (expectation.wants === 'nothing') return [];
  const { kind } = expectation;
  const active = expectation.wants === 'entry' && expectation.active;
  const differences: AttributeDifference[] = [];
  if (kind === 'user' && knowsActivation && entry.active !== active) {
    differences.push({
      attribute: 'active',
      expected: [String(active)],
      actual: [String(entry.active)],
    });
  }
  if (expectation.wants !== 'entry') return differences;
  for (const change of diffAttributes(entry.attributes, expectation.attributes.authoritative)) {
    const { attribute } = change;
    differences.push({
      attribute,
      expected: shown(attribute, 'replace' in change ? change.replace : change.add),
      actual: shown(attribute, valuesOf(entry.attributes, attribute)),
    });
  }
  return differences;
}

const SECRET = /passw|pwd|secret/i;
const MOST_VALUES = 20;
const LONGEST_VALUE = 200;

function shown(attribute: string, values: readonly string[]): readonly string[] {
  return values.slice(0, MOST_VALUES).map((value) => {
    if (SECRET.test(attribute)) return '********';
    return value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}...` : value;
  });
}
