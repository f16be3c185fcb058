/** What a kind of directory does in its own way: data and small functions, nothing that talks to a server. */
import { type Entry as LdapEntry } from 'ldapts';
import { type EntryKind, type FailureKind, type Mapping } from '../../spi';
import { type ReferenceScheme } from './reference';

/** The profiles there are. */
export const VENDORS = ['openldap', '389ds', 'ad', 'generic'] as const;
export type Vendor = (typeof VENDORS)[number];

/** The settings whose defaults depend on the vendor. */
export interface Layout {
  readonly userObjectClasses: readonly string[];
  readonly userRdnAttribute: string;
  readonly groupObjectClasses: readonly string[];
  readonly groupRdnAttribute: string;
  readonly followRenames: boolean;
}

/** The ways to disable an account (activation/). */
export const ACTIVATION_NAMES = [
  'pwdAccountLockedTime',
  'nsAccountLock',
  'userAccountControl',
] as const;
export type ActivationName = (typeof ACTIVATION_NAMES)[number];

/** Why a name or a value can never be written, checked before anything is sent. */
export interface ValueRule {
  /** Lower case. */
  readonly attribute: string;
  readonly kinds: readonly EntryKind[];
  /** Completes "...: "; undefined for a value that may be sent. */
  readonly problem: (value: string) => string | undefined;
  /** In characters, for the schema. */
  readonly maxLength?: number;
  /** Nobody but the directory writes it. */
  readonly readOnly?: boolean;
}

/** What the directory's diagnostic message says beyond its result code. */
export interface Explanation {
  readonly kind: FailureKind;
  readonly meaning: string;
  readonly attribute?: string;
}

export interface VendorProfile {
  readonly id: Vendor;
  /** As people call it. */
  readonly title: string;
  readonly reference: ReferenceScheme;
  /** The attributes by which its entries could be known for ever. */
  readonly identifiers: readonly string[];
  readonly layout: Layout;
  /** Before the naming attributes and the owner mark of the settings are worked in. */
  readonly mapping: (bases: { readonly userBaseDN: string }) => Mapping;
  readonly activation: {
    readonly by: ActivationName;
    /** Only where the server announces the password policy of the draft. */
    readonly needsPasswordPolicy: boolean;
  };
  /** How a password is set: the operation of RFC 3062, or the attribute unicodePwd over TLS. */
  readonly password: 'passwordModify' | 'unicodePwd';
  /** Whether `bindDN` may also be a user principal name or `DOMAIN\name`. */
  readonly bindsByName: boolean;
  /** Whether simple binds are taken over encrypted connections only, the loopback included. */
  readonly needsEncryption: boolean;
  /** Result codes that answer the addition of a member that is there, and the removal of one that is not. */
  readonly membership: { readonly exists: readonly number[]; readonly missing: readonly number[] };
  /** Whether the server takes a group of a class that demands members without any. */
  readonly emptyGroups: boolean;
  /** Set where the values of a large attribute are handed out in ranges of so many at most. */
  readonly valuesPerRange?: number;
  /** Whether each account is a member of one group, its primary group, that does not list it. */
  readonly primaryGroups: boolean;
  /** The objectCategory of real users and groups, where entries of other kinds share their object class. */
  readonly categories?: Readonly<Record<EntryKind, string>>;
  readonly values: readonly ValueRule[];
  /** Attributes that object classes demand and the server itself supplies, in lower case. */
  readonly supplied: readonly string[];
  /** Entries of the directory's own, which nobody may adopt or change. */
  readonly protection?: {
    readonly attributes: readonly string[];
    /** Why the entry is protected, or undefined. */
    readonly reason: (raw: LdapEntry) => string | undefined;
  };
  readonly explain?: (message: string, code: number) => Explanation | undefined;
}
