const Sequencer = require('@jest/test-sequencer').default;

/** What takes longest, on a machine that has not run the tests before: begun last, one of them alone would keep everybody waiting. */
const LONGEST_FIRST = [
  'e2e/processes',
  'contract/radius',
  'simulation/fault-points',
  'contract/ldap-ad',
  'e2e/crash',
  'contract/ldap-389ds',
  'contract/ldap',
  'contract/saml',
  'unit/delivery/guard',
  'e2e/data-tools',
  'e2e/store-outages',
  'simulation/simulation',
  'e2e/identifiers',
  'e2e/preview',
  'e2e/drift',
  'unit/embedded-mongo/crash',
  'e2e/schema-files',
  'contract/ldap-ad-directory',
  'unit/delivery/rollouts',
  'unit/delivery/audit',
  'contract/saml-logins',
  'unit/embedded-mongo/cursors',
  'contract/saml-json',
  'contract/radius-files',
  'unit/delivery/operations',
  'unit/delivery/orphans',
  'unit/graphql/subscriptions',
  'unit/graphql/on-store',
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
