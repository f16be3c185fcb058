/** One delivery under way: what is delivered, and what is known of its entry. Every change is durable before it is relied on. */
import { type EntryRef } from '../../../connectors/spi';
import { type Resource } from '../../domain/resource';
import { EntryTaken, LeaseLost } from '../errors';
import { type Possession, type WorkItem, type WorkQueue } from '../../domain/delivery-ports';
import { type DeliverySession } from './session';

/** What a delivery asks of the work queue. */
export type DeliveryQueue = Pick<
  WorkQueue,
  | 'markCreating'
  | 'bindEntry'
  | 'possession'
  | 'isTaken'
  | 'renameEntry'
  | 'forgetEntry'
  | 'markOutside'
  | 'noteReferences'
>;

export class Delivery {
  /** What stood in the binding when an attempt to create ended without an answer. */
  readonly unanswered: string | undefined;
  /** The attempt to create made by this delivery certainly left nothing behind. */
  nothingCreated = false;
  /** The entry was there before, made by somebody else. */
  adopted = false;
  private entry: EntryRef | undefined;
  private observed: number;
  private isBound = false;
  private known: string | undefined;
  private readonly names: Set<string>;
  private isOutside: boolean;
  private references: readonly string[];

  constructor(
    readonly item: WorkItem,
    readonly resource: Resource,
    readonly session: DeliverySession,
    private readonly queue: DeliveryQueue,
  ) {
    const { reference, name } = item;
    this.entry = reference === undefined ? undefined : { reference, name: name ?? '' };
    this.known = name;
    this.names = new Set(namesOf(item));
    this.observed = item.membersObserved;
    this.unanswered = item.creating;
    this.isOutside = item.outside ?? false;
    this.references = item.references;
  }

  /** The entry, when there is one. */
  get ref(): EntryRef | undefined {
    return this.entry;
  }

  /** The entry's last name, also of one that is gone. */
  get name(): string | undefined {
    return this.known;
  }

  /**
   * Names other than the present one by which groups may know the entry. They look it up by themselves at any time: whatever
   * its name was since they were told last, some may have it.
   */
  get formerNames(): readonly string[] {
    return [...this.names].filter((name) => name !== this.memberRef?.name);
  }

  get membersObserved(): number {
    return this.observed;
  }

  /** Whether the entry came into being with this delivery, or with the attempt before it. */
  get isNew(): boolean {
    return this.isBound && !this.adopted;
  }

  async markCreating(name: string): Promise<void> {
    held(await this.queue.markCreating(this.item, name));
  }

  /** The entry as the groups of the resource should have it: nobody is a member who is out of scope. */
  get memberRef(): EntryRef | undefined {
    return this.isOutside ? undefined : this.entry;
  }

  /** Whose an entry is; one that a deleted resource has no more use for is nobody's from then on. */
  possession({ reference }: EntryRef): Promise<Possession> {
    return this.queue.possession(this.item, reference);
  }

  /** Whether an entry is another resource's. */
  isTaken({ reference }: EntryRef): Promise<boolean> {
    return this.queue.isTaken(this.item, reference);
  }

  async markOutside(outside: boolean): Promise<void> {
    if (!this.entry || outside === this.isOutside) return;
    held(await this.queue.markOutside(this.item, outside));
    this.isOutside = outside;
  }

  /** From then on whoever changes one of their entries asks for this one to be delivered again. */
  async noteReferences(resourceIds: readonly string[]): Promise<void> {
    const known = new Set(this.references);
    const isSame = resourceIds.length === known.size && resourceIds.every((id) => known.has(id));
    if (isSame) return;
    held(await this.queue.noteReferences(this.item, resourceIds));
    this.references = resourceIds;
  }

  /** Takes an entry for this resource's own from now on. Fails when it is another resource's. */
  async bind(entry: EntryRef): Promise<void> {
    if (await this.tryBind(entry)) return;
    if ((await this.possession(entry)) !== 'taken' && (await this.tryBind(entry))) return;
    throw new EntryTaken(entry);
  }

  /** False: the entry is another resource's. */
  async tryBind({ reference, name }: EntryRef): Promise<boolean> {
    const bound = await this.queue.bindEntry(this.item, { reference, name });
    if (bound === 'taken') return false;
    held(bound);
    this.known = name;
    this.names.add(name);
    this.observed = 0;
    this.isBound = true;
    this.isOutside = false;
    this.entry = { reference, name };
    return true;
  }

  async rename(name: string): Promise<void> {
    if (!this.entry || name === this.known) return;
    held(await this.queue.renameEntry(this.item, name));
    this.known = name;
    this.names.add(name);
    this.entry = { ...this.entry, name };
  }

  /** The entry is gone, or no longer ours to touch. */
  async forget(): Promise<void> {
    if (!this.entry) return;
    held(await this.queue.forgetEntry(this.item, this.entry.reference));
    this.entry = undefined;
    this.isOutside = false;
  }
}

/** Names by which groups may know the entry. */
export function namesOf({ announcedName, untoldNames }: WorkItem): readonly string[] {
  return announcedName === undefined ? untoldNames : [announcedName, ...untoldNames];
}

function held(answer: boolean): void {
  if (!answer) throw new LeaseLost();
}
