import { registerEnumType } from 'type-graphql';
import { type PreviewAction, type PreviewedEntryState } from '../../domain/preview';

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
