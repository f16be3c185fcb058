import { registerEnumType } from 'type-graphql';
import { type PreviewAction, type PreviewedEntryState } from '../../domain/preview';
import { type PreviewOutcome } from '../../domain/preview-finding';

type Words<Word extends string> = { readonly [Each in Word]: Each };

export const PreviewActionEnum = {
  ENSURE: 'ENSURE',
  DISABLE: 'DISABLE',
  REMOVE: 'REMOVE',
  LEAVE: 'LEAVE',
} as const satisfies Words<PreviewAction>;
registerEnumType(PreviewActionEnum, {
  name: 'PreviewAction',
  description: 'What a delivery would do.',
  valuesConfig: {
    ENSURE: { description: 'Make the entry, or keep it as the mapping says.' },
    DISABLE: { description: 'Leave it there without granting anything.' },
    REMOVE: { description: 'Remove it.' },
    LEAVE: { description: 'Touch nothing.' },
  },
});

export const PreviewedEntryStateEnum = {
  FOUND: 'FOUND',
  ABSENT: 'ABSENT',
  AMBIGUOUS: 'AMBIGUOUS',
  UNKNOWN: 'UNKNOWN',
} as const satisfies Words<PreviewedEntryState>;
registerEnumType(PreviewedEntryStateEnum, {
  name: 'PreviewedEntryState',
  description: 'Whether an entry stands in the directory.',
  valuesConfig: {
    FOUND: { description: 'One does.' },
    ABSENT: { description: 'None does.' },
    AMBIGUOUS: { description: 'Several could be meant, which parks the delivery.' },
    UNKNOWN: { description: 'The directory did not say.' },
  },
});

export const PreviewOutcomeEnum = {
  CREATE: 'CREATE',
  ADOPT: 'ADOPT',
  RENAME: 'RENAME',
  UPDATE: 'UPDATE',
  DISABLE: 'DISABLE',
  REMOVE: 'REMOVE',
  RELEASE: 'RELEASE',
  GROUPS: 'GROUPS',
  HELD: 'HELD',
  PARKED: 'PARKED',
  DISPUTED: 'DISPUTED',
  UNKNOWN: 'UNKNOWN',
} as const satisfies Words<PreviewOutcome>;
registerEnumType(PreviewOutcomeEnum, {
  name: 'PreviewOutcome',
  description: 'What would become of a user or group in a target. Expect new values.',
  valuesConfig: {
    CREATE: { description: 'An entry would be made.' },
    ADOPT: { description: 'An entry that is there already would be taken over.' },
    RENAME: { description: 'The entry would get another name.' },
    UPDATE: { description: 'The entry, or the members of the group, would change.' },
    DISABLE: { description: 'The entry would stay and grant nothing.' },
    REMOVE: { description: 'The entry would be removed.' },
    RELEASE: { description: "The entry would stay, and be nobody's in this gateway." },
    GROUPS: {
      description: 'The entry would stay as it is, and leave its groups or come back into them.',
    },
    HELD: { description: 'The guard would wait for an administrator.' },
    PARKED: { description: 'It could not be delivered.' },
    DISPUTED: { description: 'Entries that are there already would be in the way.' },
    UNKNOWN: { description: 'The target did not say.' },
  },
});
