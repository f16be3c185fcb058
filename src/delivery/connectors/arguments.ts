/** What a connector is given has been checked here: whatever it may be told by whom, text is text. */
import { type AttributeChange, ConnectorError, type DesiredEntry } from '../../../connectors/spi';

export function checkDesired({ attributes }: DesiredEntry): void {
  for (const [attribute, values] of Object.entries(attributes)) checkText(attribute, values);
}

export function checkChanges(changes: readonly AttributeChange[]): void {
  for (const change of changes) {
    checkText(change.attribute, 'replace' in change ? change.replace : change.add);
  }
}

/** An unpaired surrogate has no form in UTF-8: each connector would write something else for it. */
function checkText(attribute: string, values: readonly string[]): void {
  if (!values.some((value) => /\p{Surrogate}/u.test(value))) return;
  const message = `"${attribute}" has half a character (an unpaired surrogate) in its value.`;
  throw new ConnectorError('invalid', message, { attribute });
}
