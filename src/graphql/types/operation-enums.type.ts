import { registerEnumType } from 'type-graphql';
import { type DriftOutcome } from '../../domain/drift';
import {
  type OperationKind,
  type OperationRequester,
  type OperationState,
} from '../../domain/operation';
import { type OrphanPolicy, type ReconcileMode } from '../../domain/target';

type Words<Word extends string> = { readonly [Each in Word]: Each };

export const OperationKindEnum = {
  RECONCILE: 'RECONCILE',
  PREVIEW: 'PREVIEW',
  RETRY: 'RETRY',
  IDENTIFIERS: 'IDENTIFIERS',
  RULE_DELETION: 'RULE_DELETION',
} as const satisfies Words<OperationKind>;
registerEnumType(OperationKindEnum, {
  name: 'OperationKind',
  description: 'What an operation does. Expect new values.',
  valuesConfig: {
    RECONCILE: { description: 'Compares a target with what it should have.' },
    PREVIEW: { description: 'Tells what a sync rule would change, without changing it.' },
    RETRY: { description: 'Delivers many bindings again.' },
    IDENTIFIERS: { description: 'Converts the user names of a sync rule.' },
    RULE_DELETION: { description: 'Undoes what a sync rule provisioned, and forgets it.' },
  },
});

export const OperationStateEnum = {
  QUEUED: 'QUEUED',
  RUNNING: 'RUNNING',
  SUCCEEDED: 'SUCCEEDED',
  PARTIALLY_SUCCEEDED: 'PARTIALLY_SUCCEEDED',
  FAILED: 'FAILED',
  CANCELLED: 'CANCELLED',
} as const satisfies Words<OperationState>;
registerEnumType(OperationStateEnum, {
  name: 'OperationState',
  description: 'How far an operation has got. What has ended never changes.',
  valuesConfig: {
    QUEUED: { description: 'It waits for its turn.' },
    RUNNING: { description: 'It has begun.' },
    SUCCEEDED: { description: 'It is done.' },
    PARTIALLY_SUCCEEDED: { description: 'It is done, and some of it could not be done.' },
    FAILED: { description: 'It could not go on, and can be resumed.' },
    CANCELLED: { description: 'Somebody ended it. It can be resumed.' },
  },
});

export const ReconcileModeEnum = {
  REPORT: 'REPORT',
  REPAIR: 'REPAIR',
} as const satisfies Words<ReconcileMode>;
registerEnumType(ReconcileModeEnum, {
  name: 'ReconcileMode',
  description: 'What reconciling a target does with what it finds.',
  valuesConfig: {
    REPORT: { description: 'Tell it.' },
    REPAIR: { description: 'Tell it, and deliver again what is missing or different.' },
  },
});

export const OrphanPolicyEnum = {
  KEEP: 'KEEP',
  DISABLE: 'DISABLE',
  DELETE: 'DELETE',
} as const satisfies Words<OrphanPolicy>;
registerEnumType(OrphanPolicyEnum, {
  name: 'OrphanPolicy',
  description:
    'What becomes of entries that this gateway removed before and that are back, with its mark and with no resource that wants them.',
  valuesConfig: {
    KEEP: { description: 'Tell them.' },
    DISABLE: { description: 'Disable accounts; groups are told.' },
    DELETE: { description: 'Remove them.' },
  },
});

export const DriftOutcomeEnum = {
  MISSING: 'MISSING',
  DIFFERENT: 'DIFFERENT',
  ORPHANED: 'ORPHANED',
  DISPUTED: 'DISPUTED',
} as const satisfies Words<DriftOutcome>;
registerEnumType(DriftOutcomeEnum, {
  name: 'DriftOutcome',
  description: 'In which way a target is not as it should be.',
  valuesConfig: {
    MISSING: { description: 'An entry is gone.' },
    DIFFERENT: { description: 'An entry is not as it should be.' },
    ORPHANED: { description: 'An entry has the mark of this gateway, and no resource wants it.' },
    DISPUTED: { description: 'Other entries stand in the way of a resource that has none.' },
  },
});

export const OperationRequesterTypeEnum = {
  API_KEY: 'API_KEY',
  SCHEDULE: 'SCHEDULE',
} as const satisfies Words<OperationRequester['type']>;
registerEnumType(OperationRequesterTypeEnum, {
  name: 'OperationRequesterType',
  description: 'Who can ask for an operation.',
  valuesConfig: {
    API_KEY: { description: 'An administrator or a program, by an API key.' },
    SCHEDULE: { description: 'Nobody: its time had come.' },
  },
});
