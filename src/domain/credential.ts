/** Secrets that are shown once and kept as a SHA-256 only (design 6). */

export type Role = 'ADMINISTRATOR' | 'OPERATOR' | 'AUDITOR';

/** A rule's secret token: SCIM bearer token, or password of HTTP Basic with `basicKey` as user name (requirements B1). */
export interface RuleCredential {
  readonly id: string;
  readonly ruleId: string;
  readonly hash: string;
  /** The user name of HTTP Basic. */
  readonly basicKey: string;
  /** The last four characters, to tell tokens apart. */
  readonly hint: string;
  readonly createdAt: Date;
  /** After a change with overlap the old token lives on until then. */
  readonly expiresAt?: Date;
  readonly lastUsedAt?: Date;
}

/** An administrator's key for GraphQL. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly hash: string;
  readonly hint: string;
  readonly createdAt: Date;
  readonly expiresAt?: Date;
  readonly revokedAt?: Date;
  readonly lastUsedAt?: Date;
}
