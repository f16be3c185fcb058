import { registerEnumType } from 'type-graphql';
import { type AuditActor, type AuditCategory, type AuditOutcome } from '../../domain/audit';

type Words<Word extends string> = { readonly [Each in Word]: Each };

export const AuditCategoryEnum = {
  CHANGE: 'CHANGE',
  DELIVERY: 'DELIVERY',
  COMMAND: 'COMMAND',
  SYSTEM: 'SYSTEM',
} as const satisfies Words<AuditCategory>;
registerEnumType(AuditCategoryEnum, {
  name: 'AuditCategory',
  description: 'What kind of thing happened.',
  valuesConfig: {
    CHANGE: { description: 'A user or a group, or a resource of a custom type, changed.' },
    DELIVERY: { description: 'What came of bringing one to a target.' },
    COMMAND: { description: 'An administrator did something.' },
    SYSTEM: { description: 'The gateway did something by itself.' },
  },
});

export const AuditOutcomeEnum = {
  DONE: 'DONE',
  UNKNOWN: 'UNKNOWN',
  DELIVERED: 'DELIVERED',
  ADOPTED: 'ADOPTED',
  REMOVED: 'REMOVED',
  RELEASED: 'RELEASED',
  RETRYING: 'RETRYING',
  PARKED: 'PARKED',
  HELD: 'HELD',
} as const satisfies Words<AuditOutcome>;
registerEnumType(AuditOutcomeEnum, {
  name: 'AuditOutcome',
  description: 'What came of it. Expect new values.',
  valuesConfig: {
    DONE: { description: 'A change or a command took effect.' },
    UNKNOWN: { description: 'The process ended, or failed, in the middle of a command.' },
    DELIVERED: { description: 'The target is as desired.' },
    ADOPTED: { description: 'The target is as desired, by an entry that was there before.' },
    REMOVED: { description: 'The entry is gone.' },
    RELEASED: { description: 'The entry stays as it is, and is no longer looked after.' },
    RETRYING: {
      description: 'Failed, and tried again by itself. Told once, not for every attempt.',
    },
    PARKED: { description: 'Failed, and waits for a person.' },
    HELD: { description: 'Waits for a person to let it go on.' },
  },
});

export const AuditActorTypeEnum = {
  SYNC_RULE: 'SYNC_RULE',
  API_KEY: 'API_KEY',
  SYSTEM: 'SYSTEM',
} as const satisfies Words<AuditActor['type']>;
registerEnumType(AuditActorTypeEnum, {
  name: 'AuditActorType',
  description: 'Who did it.',
  valuesConfig: {
    SYNC_RULE: { description: 'An identity provider, by the credential of its sync rule.' },
    API_KEY: { description: 'An administrator, by an API key.' },
    SYSTEM: { description: 'The gateway itself.' },
  },
});
