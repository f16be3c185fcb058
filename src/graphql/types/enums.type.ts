/** The domain's word lists as GraphQL enums. `satisfies` keeps each of them complete. */
import { registerEnumType } from 'type-graphql';
import { type IssueCode } from '../../administration/issue';
import { type BindingState, type HeldFor } from '../../domain/binding';
import { type Role } from '../../domain/credential';
import { type TargetTestStep } from '../../domain/ports';
import {
  type ApplyMode,
  type CorrelationPolicy,
  type DeactivatePolicy,
  type DeletePolicy,
} from '../../domain/sync-rule';

export type Words<Word extends string> = { readonly [Each in Word]: Each };

export const RoleEnum = {
  ADMINISTRATOR: 'ADMINISTRATOR',
  OPERATOR: 'OPERATOR',
  AUDITOR: 'AUDITOR',
} as const satisfies Words<Role>;
registerEnumType(RoleEnum, {
  name: 'Role',
  description: 'What an API key may do.',
  valuesConfig: {
    ADMINISTRATOR: { description: 'Everything.' },
    OPERATOR: {
      description: 'Read; retry deliveries, test targets, enable and disable sync rules.',
    },
    AUDITOR: { description: 'Read.' },
  },
});

export const BindingStateEnum = {
  PENDING: 'PENDING',
  DELIVERING: 'DELIVERING',
  SYNCED: 'SYNCED',
  RETRYING: 'RETRYING',
  PARKED: 'PARKED',
  HELD: 'HELD',
  OUT_OF_SCOPE: 'OUT_OF_SCOPE',
  REMOVED: 'REMOVED',
} as const satisfies Words<BindingState>;
registerEnumType(BindingStateEnum, {
  name: 'BindingState',
  description: 'How far a target has got with a resource. Expect new values.',
  valuesConfig: {
    PENDING: { description: 'There is something to deliver.' },
    DELIVERING: { description: 'It is being delivered.' },
    SYNCED: { description: 'The target has what it should have.' },
    RETRYING: { description: 'A delivery failed; it is tried again by itself.' },
    PARKED: { description: 'A delivery failed; it waits for a person or for a new change.' },
    HELD: { description: 'It waits for something else than the target, see `heldFor`.' },
    OUT_OF_SCOPE: { description: 'The scope filter does not match the resource.' },
    REMOVED: { description: 'The entry is gone, as desired.' },
  },
});

export const HeldForEnum = {
  RULE_DISABLED: 'RULE_DISABLED',
  DELETION_DELAY: 'DELETION_DELAY',
  GUARD_THRESHOLD: 'GUARD_THRESHOLD',
  GUARD_MEMBERS: 'GUARD_MEMBERS',
  GUARD_PROTECTED: 'GUARD_PROTECTED',
} as const satisfies Words<HeldFor>;
registerEnumType(HeldForEnum, {
  name: 'HeldFor',
  description: 'What a held binding waits for. Expect new values.',
  valuesConfig: {
    RULE_DISABLED: { description: 'The sync rule to be enabled.' },
    DELETION_DELAY: {
      description: 'Its entry is disabled and will be deleted, see `SyncAs.deleteAfterDays`.',
    },
    GUARD_THRESHOLD: {
      description: 'The sync rule would destroy more than its guard lets pass: `guardApprove`.',
    },
    GUARD_MEMBERS: {
      description: 'The group would lose too many of its members at once: `guardApprove`.',
    },
    GUARD_PROTECTED: {
      description: 'The user or group is protected: `guardApprove` with the id of this binding.',
    },
  },
});

export const DeletePolicyEnum = {
  DELETE: 'DELETE',
  DISABLE: 'DISABLE',
  KEEP: 'KEEP',
} as const satisfies Words<DeletePolicy>;
registerEnumType(DeletePolicyEnum, {
  name: 'DeletePolicy',
  description: 'What becomes of an entry when its resource is deleted.',
  valuesConfig: {
    DELETE: { description: 'It is removed from the directory.' },
    DISABLE: { description: 'It stays, disabled.' },
    KEEP: { description: 'It stays as it is; Usher lets go of it.' },
  },
});

export const DeactivatePolicyEnum = {
  DISABLE: 'DISABLE',
  DELETE: 'DELETE',
  KEEP: 'KEEP',
} as const satisfies Words<DeactivatePolicy>;
registerEnumType(DeactivatePolicyEnum, {
  name: 'DeactivatePolicy',
  description: 'What becomes of an entry when its user is deactivated or leaves the scope.',
  valuesConfig: {
    DISABLE: { description: 'It is disabled, and enabled again with its user.' },
    DELETE: { description: 'It is removed, and created again with its user.' },
    KEEP: { description: 'It stays as it is.' },
  },
});

export const CorrelationPolicyEnum = {
  ADOPT: 'ADOPT',
  FAIL: 'FAIL',
} as const satisfies Words<CorrelationPolicy>;
registerEnumType(CorrelationPolicyEnum, {
  name: 'CorrelationPolicy',
  description: 'What to do with an entry that is in the directory already.',
  valuesConfig: {
    ADOPT: { description: 'Take it over.' },
    FAIL: { description: 'Leave it alone and park the binding.' },
  },
});

export const ApplyModeEnum = {
  AUTHORITATIVE: 'AUTHORITATIVE',
  INITIAL: 'INITIAL',
  IGNORE: 'IGNORE',
} as const satisfies Words<ApplyMode>;
registerEnumType(ApplyModeEnum, {
  name: 'ApplyMode',
  description: 'When a mapped attribute is written.',
  valuesConfig: {
    AUTHORITATIVE: { description: 'Always: the directory is corrected towards it.' },
    INITIAL: { description: 'Only when the entry is created.' },
    IGNORE: { description: 'Never.' },
  },
});

export const TestStepStateEnum = {
  OK: 'ok',
  WARNING: 'warning',
  FAILED: 'failed',
} as const satisfies Readonly<Record<string, TargetTestStep['state']>>;
registerEnumType(TestStepStateEnum, {
  name: 'TestStepState',
  description: 'How a step of a connection test went.',
  valuesConfig: {
    OK: { description: 'As it should.' },
    WARNING: { description: 'It works, but something should be mended.' },
    FAILED: { description: 'It does not work.' },
  },
});

export const UserErrorCodeEnum = {
  INVALID: 'INVALID',
  REQUIRED: 'REQUIRED',
  TAKEN: 'TAKEN',
  NOT_FOUND: 'NOT_FOUND',
  CONFLICT: 'CONFLICT',
  IMMUTABLE: 'IMMUTABLE',
  IN_USE: 'IN_USE',
  LIMIT_EXCEEDED: 'LIMIT_EXCEEDED',
  UPSTREAM_FAILED: 'UPSTREAM_FAILED',
  LAST_ADMIN: 'LAST_ADMIN',
  SELF_LOCKOUT: 'SELF_LOCKOUT',
} as const satisfies Words<IssueCode>;
registerEnumType(UserErrorCodeEnum, {
  name: 'UserErrorCode',
  description: 'What kind of mistake it is. Expect new values.',
  valuesConfig: {
    INVALID: { description: 'The value cannot be used.' },
    REQUIRED: { description: 'A value is missing.' },
    TAKEN: { description: 'Another object has this value already.' },
    NOT_FOUND: { description: 'There is no such object.' },
    CONFLICT: { description: 'The state of the object does not allow it.' },
    IMMUTABLE: { description: 'The value cannot be changed any more.' },
    IN_USE: { description: 'Something else needs the object.' },
    LIMIT_EXCEEDED: { description: 'There would be too many.' },
    UPSTREAM_FAILED: { description: 'Another system did not do its part.' },
    LAST_ADMIN: { description: 'Nobody could administrate any more.' },
    SELF_LOCKOUT: { description: 'The API key would take its own rights away.' },
  },
});

export const OrderDirectionEnum = { ASC: 'ASC' } as const;
registerEnumType(OrderDirectionEnum, {
  name: 'OrderDirection',
  description: 'Which way a list is sorted. Expect new values.',
  valuesConfig: { ASC: { description: 'Smallest, or oldest, first.' } },
});

export const SyncRuleOrderFieldEnum = { CREATED_AT: 'CREATED_AT' } as const;
registerEnumType(SyncRuleOrderFieldEnum, {
  name: 'SyncRuleOrderField',
  description: 'What sync rules are sorted by. Expect new values.',
  valuesConfig: { CREATED_AT: { description: 'The time of creation.' } },
});

export const UserOrderFieldEnum = { CREATED_AT: 'CREATED_AT' } as const;
registerEnumType(UserOrderFieldEnum, {
  name: 'UserOrderField',
  description: 'What users are sorted by. Expect new values.',
  valuesConfig: { CREATED_AT: { description: 'The time of creation.' } },
});
