/** The interface on the real store. */
import { openTestStore } from '../../support/test-store';
import { type World, worldOn } from '../../support/memory-administration';
import { accessSuite } from './suites/access';
import { apiKeySuite } from './suites/api-keys';
import { auditSuite } from './suites/audit';
import { commandSuite } from './suites/commands';
import { definitionSuite, storedValueSuite } from './suites/definitions';
import { guardSuite } from './suites/guard';
import { listSuite } from './suites/lists';
import { policySuite } from './suites/policies';
import { identifierSuite } from './suites/identifiers';
import { operationSuite } from './suites/operations';
import { previewSuite } from './suites/previews';
import { ruleValueSuite } from './suites/rule-values';
import { targetSuite } from './suites/targets';

async function storedWorld(): Promise<World> {
  const store = await openTestStore();
  return worldOn(store, () => store.close());
}

accessSuite(storedWorld);
commandSuite(storedWorld);
apiKeySuite(storedWorld);
auditSuite(storedWorld);
guardSuite(storedWorld);
listSuite(storedWorld);
policySuite(storedWorld);
operationSuite(storedWorld);
identifierSuite(storedWorld);
previewSuite(storedWorld);
ruleValueSuite(storedWorld);
targetSuite(storedWorld);
definitionSuite(storedWorld);
storedValueSuite(storedWorld);
