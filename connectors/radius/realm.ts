/** Users of one realm: `user@realm` to the gateway, with or without the realm to the server. */
import type { EntryKind } from '../spi';
import { refuse } from './text';

/** What the setting says. */
export interface RealmSettings {
  readonly name: string;
  readonly stripped: boolean;
}

/** Names of users inside and outside the store. Without a realm they are the same. */
export class Realm {
  private readonly suffix: string | undefined;

  constructor(private readonly settings: RealmSettings | undefined) {
    this.suffix = settings && `@${settings.name}`;
  }

  /** Whether an entry of that name can be here at all. */
  covers(kind: EntryKind, name: string): boolean {
    if (kind === 'group' || this.suffix === undefined) return true;
    return name.endsWith(this.suffix) && name.length > this.suffix.length;
  }

  /** Fails with `invalid` for a user of another realm: the server would never ask for it here. */
  check(kind: EntryKind, attribute: string, name: string): void {
    if (this.covers(kind, name)) return;
    refuse(
      attribute,
      `must end in ${this.suffix ?? ''}, as the setting \`realm\` says; let the mapping append it`,
    );
  }

  /** The name the server looks for. */
  stored(kind: EntryKind, name: string): string {
    if (kind === 'group' || !this.settings?.stripped || !this.suffix) return name;
    return this.covers(kind, name) ? name.slice(0, -this.suffix.length) : name;
  }

  /** The name behind it. */
  clear(kind: EntryKind, stored: string): string {
    if (kind === 'group' || !this.settings?.stripped || !this.suffix) return stored;
    return `${stored}${this.suffix}`;
  }

  /** Whom a server means that knows a user by those names; undefined for nobody of this realm. */
  asked(names: {
    readonly name: string | undefined;
    readonly stripped: string | undefined;
  }): string | undefined {
    const isStripped = this.settings?.stripped === true;
    const name = isStripped ? (names.stripped ?? names.name) : names.name;
    if (name === undefined) return undefined;
    return isStripped && (names.stripped !== undefined || !this.covers('user', name))
      ? this.clear('user', name)
      : name;
  }
}
