/** The interface on stores in memory. */
import { memoryWorld } from '../../support/memory-administration';
import { accessSuite } from './suites/access';
import { apiKeySuite } from './suites/api-keys';
import { commandSuite } from './suites/commands';
import { definitionSuite } from './suites/definitions';
import { guardSuite } from './suites/guard';
import { listSuite } from './suites/lists';
import { policySuite } from './suites/policies';
import { identifierSuite } from './suites/identifiers';
import { operationSuite } from './suites/operations';
import { previewSuite } from './suites/previews';
import { ruleValueSuite } from './suites/rule-values';
import { targetSuite } from './suites/targets';

accessSuite(memoryWorld);
commandSuite(memoryWorld);
apiKeySuite(memoryWorld);
guardSuite(memoryWorld);
listSuite(memoryWorld);
policySuite(memoryWorld);
operationSuite(memoryWorld);
identifierSuite(memoryWorld);
previewSuite(memoryWorld);
ruleValueSuite(memoryWorld);
targetSuite(memoryWorld);
definitionSuite(memoryWorld);
