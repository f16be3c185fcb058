/** One way to disable an account. Data and pure functions: who sends them is index.ts. */
import { type Entry as LdapEntry } from 'ldapts';
import { type Attributes } from '../../spi';

/** An attribute and all the values it is to have; none removes it. */
export interface Replacement {
  readonly attribute: string;
  readonly values: readonly string[];
}

export interface ActivationStrategy {
  /** The attributes that say whether an account is disabled; read with every account. */
  readonly attributes: readonly string[];
  isActive(raw: LdapEntry): boolean;
  /** What a new account carries. */
  atCreation(active: boolean): Attributes;
  /**
   * What switches the account over. `current` holds the strategy's attributes as they are now where `needsCurrent` is
   * set, and may be empty elsewhere.
   */
  changes(active: boolean, current: Attributes): readonly Replacement[];
  readonly needsCurrent: boolean;
  /** Set where accounts are switched over by moving them; there are no `changes` then. */
  readonly moves?: true;
}
