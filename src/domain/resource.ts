/** SCIM resources as Usher holds them (RFC 7643 section 3), and the memberships between them. */
import { type ChangeOrigin } from './audit';
import { type OtpChoice } from './otp';
import { type UserRole } from './rule-values';

/** A JSON value inside a resource. */
export type ScimValue = string | number | boolean | ScimObject | readonly ScimValue[];

/** Attributes by canonical name; the attributes of an extension stand under its URN (RFC 7643 section 3.3). */
export interface ScimObject {
  readonly [name: string]: ScimValue;
}

/** The resource types every rule has. A rule may add its own. */
export const USER = 'User';
export const GROUP = 'Group';

/**
 * A User, a Group or a resource of a custom type.
 *
 * `attributes` holds what the client may write: no `id`, `meta`, `schemas`, and nothing derived (`groups`, `$ref`). A
 * group's `members` are not here either: they are {@link Membership}s, so that a change costs what it changes.
 */
export interface Resource {
  readonly id: string;
  readonly ruleId: string;
  readonly resourceType: string;
  readonly attributes: ScimObject;
  /** Counts effective changes, memberships included; the ETag is made of it (RFC 7644 section 3.14). */
  readonly generation: number;
  readonly createdAt: Date;
  readonly lastModified: Date;
  /** Set once the resource is gone for SCIM and only kept until every directory has heard of it. */
  readonly deletedAt?: Date;
  /** The role a user was given when it was made; absent: `USER` (requirement A6). */
  readonly importRole?: UserRole;
  /** Which one-time password method a user has; absent: its rule names none. */
  readonly otp?: OtpChoice;
}

/** A resource about to be made. */
export interface NewResource {
  readonly ruleId: string;
  readonly resourceType: string;
  readonly attributes: ScimObject;
  /** For groups: ids of resources of the same rule. */
  readonly members?: readonly string[];
  readonly importRole?: UserRole;
  /** Absent: the gateway itself makes it. */
  readonly origin?: ChangeOrigin;
}

/** One member of one group. */
export interface Membership {
  readonly groupId: string;
  readonly memberId: string;
  /** `User` or `Group`. */
  readonly memberType: string;
}

/**
 * A change of a group's members, whatever operations it came from. With `replaceAll` everybody who is not in `add`
 * leaves; `remove` is then empty. No id is in both lists.
 */
export interface MembershipDelta {
  readonly replaceAll: boolean;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** Whether groups of a rule may share a displayName. */
export type GroupNames = 'unique' | 'any';

/** Which resources a call is about: one rule is one isolated tenant. */
export interface ResourceScope {
  readonly ruleId: string;
  readonly resourceType: string;
  /** Who changes them, for the audit trail; absent: the gateway itself. */
  readonly origin?: ChangeOrigin;
}

/** What a change of a resource brings along, besides its attributes. */
export interface ResourceChange {
  readonly members?: MembershipDelta;
  /** Default: `unique`. */
  readonly names?: GroupNames;
  /** Absent: the gateway itself changes it. */
  readonly origin?: ChangeOrigin;
}
