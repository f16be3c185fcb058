/** What one configured target can do: what its connector says of these settings, and never more than it declared. */
import { type Capabilities, type ConnectorType } from '../../../connectors/spi';

export function capabilitiesOf(type: ConnectorType, settings: unknown): Capabilities {
  const declared = type.capabilities;
  const own = type.capabilitiesFor?.(settings) ?? declared;
  return {
    kinds: declared.kinds.filter((kind) => own.kinds.includes(kind)),
    activation: [declared, own].every(({ activation }) => activation === 'native')
      ? 'native'
      : 'none',
    rename: declared.rename && own.rename,
    password: declared.password && own.password,
    answers: declared.answers === true && own.answers === true,
    maxConcurrency: atLeastOne(Math.min(declared.maxConcurrency, own.maxConcurrency)),
  };
}

function atLeastOne(most: number): number {
  return Number.isInteger(most) ? Math.max(1, most) : 1;
}
