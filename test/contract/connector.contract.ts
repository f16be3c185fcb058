/**
 * What every connector promises, as tests. A connector's own suite is a few lines:
 *
 *     describeConnector({
 *       type: ldap,
 *       start: () => startMyDirectory(),
 *       user: (name) => ({ uid: [name], cn: [`Name of ${name}`] }),
 *       group: (name) => ({ cn: [name] }),
 *     });
 *
 * The suite knows no directory: it sees one through the connector, and through the independent eyes of `Directory`.
 * Inside a `describeWith` it needs the daemons that are named there. docs/connectors.md tells more.
 */
import { describeCreate } from './kit/create-cases';
import { type ContractFixture } from './kit/fixture';
import { describeInterference } from './kit/interference-cases';
import { describeActivation, describePasswords, describeRemove } from './kit/lifecycle-cases';
import { describeList } from './kit/list-cases';
import { describeMembers } from './kit/member-cases';
import { describeNames } from './kit/name-cases';
import { describePlan } from './kit/plan-cases';
import { describeStress } from './kit/stress-cases';
import { Subject } from './kit/subject';
import { describeTest } from './kit/test-cases';
import { describeType } from './kit/type-cases';
import { describeRename, describeUpdate } from './kit/update-cases';

export { type ContractFixture, type Directory } from './kit/fixture';
export { NASTY_NAMES } from './kit/names';
export { call, collect, failure } from './kit/subject';

/** Runs the whole contract. */
export function describeConnector<Settings, Secrets>(
  fixture: ContractFixture<Settings, Secrets>,
): void {
  // Real directories, many of them, on a machine that may have much else to do.
  jest.setTimeout(180_000);
  // What `parse` answers is handed on and not looked into.
  const subject = new Subject(fixture);
  beforeAll(() => subject.start());
  afterAll(() => subject.stop());
  const concerns: Readonly<Record<string, (subject: Subject) => void>> = {
    'the type': describeType,
    'test and schema': describeTest,
    'create and read': describeCreate,
    names: describeNames,
    update: describeUpdate,
    rename: describeRename,
    members: describeMembers,
    activation: describeActivation,
    passwords: describePasswords,
    remove: describeRemove,
    list: describeList,
    plan: describePlan,
    'others who write': describeInterference,
    'under stress': describeStress,
  };
  for (const [name, cases] of Object.entries(concerns)) describe(name, () => cases(subject));
}
