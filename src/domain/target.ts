/** A target: one configured directory, that is a connector with settings and secrets. */

export interface Target {
  readonly id: string;
  readonly name: string;
  /** The connector type's id: `ldap`, `radius`, `saml`, ... */
  readonly connector: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Decrypted; never leaves the process and is never logged. */
  readonly secrets: Readonly<Record<string, unknown>>;
  /** Counts changes of settings and secrets, so that open connectors are renewed. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The part of a target an administrator decides. */
export type TargetDraft = Pick<Target, 'name' | 'connector' | 'settings' | 'secrets'>;
