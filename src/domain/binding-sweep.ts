/** Many bindings at a time, for operations that go through all of a target or a rule. */
import { type Binding, type BindingState } from './binding';
import { type DeliveryRequest, type WorkItem } from './delivery-ports';

/** A binding as reconciling its target needs it. */
export interface SweptBinding extends Binding {
  /** There is something to deliver, now or later, or it is being delivered. A delayed deletion alone does not count. */
  readonly isUnderWay: boolean;
  /** Counts requests to deliver. */
  readonly revision: number;
  /** For groups: membership changes up to this generation of the group are delivered. */
  readonly membersObserved: number;
  /** The last operation that saw its entry. */
  readonly seenBy?: string;
  /** Another resource of the rule may take its entry over: its own is deleted. */
  readonly isVacant: boolean;
}

/** A member that a group's entry has to hear of again; a former name that has to be taken out of it. */
export interface MemberRepair {
  readonly memberId: string;
  readonly formerName?: string;
}

/** Repeating any of it is harmless. */
export interface BindingSweeps {
  /** Those that have one of these entries. */
  byReferences(
    targetId: string,
    resourceType: string,
    references: readonly string[],
  ): Promise<readonly SweptBinding[]>;
  /** Those of the resources in the target. */
  ofResources(targetId: string, resourceIds: readonly string[]): Promise<readonly SweptBinding[]>;
  /**
   * What a worker would find who delivers these now, in their order; what has no binding yet as it would come into being.
   * Nothing is leased.
   */
  workOf(requests: readonly DeliveryRequest[]): Promise<readonly WorkItem[]>;
  /** By ascending id, after the given one. */
  ofTarget(
    targetId: string,
    after: string | undefined,
    limit: number,
  ): Promise<readonly SweptBinding[]>;
  /** Notes that their entries were seen. */
  markSeen(ids: readonly string[], operationId: string): Promise<void>;
  /** Delivers again those in one of these states. Answers how many. */
  redeliver(ids: readonly string[], states: readonly BindingState[], now: Date): Promise<number>;
  /** How many of them are still due. */
  countDue(ids: readonly string[], now: Date): Promise<number>;
  /** Delivers again what the guard does not hold back, and a group's members with it, whatever else it has to deliver. */
  lookAgain(id: string, members: readonly MemberRepair[], now: Date): Promise<void>;
  /** Asks a group that has nothing else to deliver for these members. False: it has, or is gone. */
  repairMembers(id: string, repairs: readonly MemberRepair[], now: Date): Promise<boolean>;
}
