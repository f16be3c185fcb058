const Sequencer = require('@jest/test-sequencer').default;

/** What takes longest, on a machine that has not run the tests before: begun last, one of them alone would keep everybody waiting. */
const LONGEST_FIRST = [
  'e2e/processes',
  'contract/radius',
  'e2e/data-tools',
  'simulation/fault-points',
  'e2e/crash',
  'contract/ldap',
  'unit/delivery/rollouts',
  'contract/saml',
  'contract/saml-json',
  'unit/delivery/guard',
  'e2e/schema-files',
  'unit/embedded-mongo/cursors',
  'unit/delivery/drift',
  'e2e/drift',
  'simulation/simulation',
];

/** Known durations first, as jest has it; where there are none, by the list. */
class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const place = ({ path, duration }) => {
      if (duration !== undefined) return -1;
      const at = LONGEST_FIRST.findIndex((name) => path.endsWith(`/test/${name}.test.ts`));
      return at < 0 ? LONGEST_FIRST.length : at;
    };
    return [...sorted].sort((one, other) => place(one) - place(other));
  }
}

module.exports = LongestFirst;
