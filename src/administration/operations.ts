/** What administrators do to operations, and those they begin. */
import { type BindingState } from '../domain/binding';
import { type ApiKey, type Role } from '../domain/credential';
import {
  type Operation,
  type OperationDraft,
  type OperationInputs,
  type OperationRequester,
  type OperationState,
} from '../domain/operation';
import { type SyncRule } from '../domain/sync-rule';
import {
  checkUserNameExpression,
  type IdentifierConversion,
  namingUsers,
} from '../domain/identifiers';
import { type InputIssue } from '../domain/ports';
import { USER } from '../domain/resource';
import { issue, refused, type Issue, type Outcome } from './issue';
import { type AdministrationPorts } from './ports';

/** Which bindings are to be delivered again; what is absent matters not. */
export interface BindingsRetry {
  readonly ruleId?: string;
  readonly targetId?: string;
  readonly states?: readonly BindingState[];
  /** Failure kinds as bindings name them. */
  readonly errorKinds?: readonly string[];
}

/** A conversion of user names that has begun. */
export interface Conversion {
  readonly operation: Operation;
  /** What of the rule finds users by their names. */
  readonly warnings: readonly InputIssue[];
}

/** What is delivered already, or about to be, is not delivered once more by mistake. */
const USUALLY_RETRIED: readonly BindingState[] = ['PARKED', 'RETRYING'];
const NEVER_RETRIED: readonly BindingState[] = ['HELD', 'DELIVERING', 'PENDING'];
const MOST_ERROR_KINDS = 20;
const MOST_ORPHANS = 1_000_000;

const RESUMED: readonly OperationState[] = ['FAILED', 'CANCELLED'];

type Ports = Pick<
  AdministrationPorts,
  'operations' | 'targets' | 'syncRules' | 'delivery' | 'schemas' | 'directories'
>;

/** Who may begin such an operation, and so may go on with it. */
export function roleToBegin({ kind, input }: Operation): Role {
  if (kind === 'IDENTIFIERS' || kind === 'RULE_DELETION') return 'ADMINISTRATOR';
  const { orphans = 'KEEP' } = kind === 'RECONCILE' ? (input as OperationInputs['RECONCILE']) : {};
  return orphans === 'KEEP' ? 'OPERATOR' : 'ADMINISTRATOR';
}

export class Operations {
  constructor(
    private readonly ports: Ports,
    private readonly now: () => Date,
  ) {}

  /** Ends it with its next step. What it has done stays done. */
  async cancel(id: string): Promise<Outcome<Operation>> {
    const operation = await this.find(id);
    if (operation === undefined) return noSuchOperation();
    if (operation.kind === 'RULE_DELETION') {
      return refused('CONFLICT', ['id'], 'The deletion of a sync rule cannot be stopped.');
    }
    if (operation.finishedAt !== undefined) return ended(operation);
    const cancelled = await this.ports.operations.cancel(id, this.now());
    if (cancelled === undefined) return noSuchOperation();
    if (cancelled.cancelledAt === undefined) return ended(cancelled);
    this.ports.delivery.operationChanged();
    return { value: cancelled };
  }

  /** Goes on where an operation ended early: as a new one, since an end is for ever. */
  async resume(id: string, by: OperationRequester): Promise<Outcome<Operation>> {
    const operation = await this.find(id);
    if (operation === undefined) return noSuchOperation();
    if (!RESUMED.includes(operation.state)) {
      const message = `Only what failed or was cancelled can be resumed; this one is ${operation.state}.`;
      return refused('CONFLICT', ['id'], message);
    }
    const started = await this.ports.operations.resume(operation, by, this.now());
    if (!started.isNew && started.operation.resumes !== id) {
      const message =
        'Another operation is under way beside which this one cannot be: wait for its end, or cancel it, then resume this one.';
      return refused('CONFLICT', ['id'], message);
    }
    this.ports.delivery.operationChanged();
    return { value: started.operation };
  }

  /** Delivers many bindings again. */
  async retryBindings(retry: BindingsRetry, by: OperationRequester): Promise<Outcome<Operation>> {
    const { ruleId, targetId, states = USUALLY_RETRIED, errorKinds = [] } = retry;
    const issues = [...retryIssues(states, errorKinds), ...(await this.scopeIssues(retry))];
    if (issues.length > 0) return { issues };
    return this.start({
      kind: 'RETRY',
      input: { states, errorKinds },
      ...(ruleId === undefined ? {} : { ruleId }),
      ...(targetId === undefined ? {} : { targetId }),
      requestedBy: by,
    });
  }

  /** Compares a target with what it should have; the one under way, where there is one that does the same. */
  async reconcile(
    targetId: string,
    input: OperationInputs['RECONCILE'],
    by: OperationRequester,
  ): Promise<Outcome<Operation>> {
    const target = await this.ports.targets.find(targetId);
    if (target === undefined) {
      return refused('NOT_FOUND', ['targetId'], 'There is no such target.');
    }
    const issues = orphanIssues(input, this.ports.directories.canDisable(target));
    if (issues.length > 0) return { issues };
    const exclusive = `reconcile ${targetId}`;
    const started = await this.ports.operations.start(
      { kind: 'RECONCILE', input, targetId, requestedBy: by, exclusive },
      this.now(),
    );
    const { input: other } = started.operation as Operation<'RECONCILE'>;
    const { mode, orphans = 'KEEP', mostOrphans } = other;
    if (
      !started.isNew &&
      (mode !== input.mode ||
        orphans !== (input.orphans ?? 'KEEP') ||
        mostOrphans !== input.mostOrphans)
    ) {
      const message = `The target is being reconciled already, with ${mode} and ${orphans} for orphans. Wait for its end, or cancel it.`;
      return refused('CONFLICT', ['mode'], message);
    }
    this.ports.delivery.operationChanged();
    return { value: started.operation };
  }

  /** Gives the users of a rule other user names; the one under way, where there is one that does the same. */
  async convertIdentifiers(
    ruleId: string,
    conversion: IdentifierConversion,
    by: OperationRequester,
  ): Promise<Outcome<Conversion>> {
    const rule = await this.ports.syncRules.find(ruleId);
    if (rule === undefined) {
      return refused('NOT_FOUND', ['syncRuleId'], 'There is no such sync rule.');
    }
    if (rule.deletion !== undefined) {
      return refused('CONFLICT', ['syncRuleId'], 'The sync rule is being deleted.');
    }
    const issues = this.expressionIssues(rule, conversion.expression);
    if (issues.length > 0) return { issues };
    const started = await this.ports.operations.start(
      {
        kind: 'IDENTIFIERS',
        input: conversion,
        ruleId,
        requestedBy: by,
        exclusive: `identifiers ${ruleId}`,
      },
      this.now(),
    );
    const { input } = started.operation as Operation<'IDENTIFIERS'>;
    if (input.mode !== conversion.mode || input.expression !== conversion.expression) {
      const message = `The user names of the sync rule are being converted already, with ${input.mode} and "${input.expression}". Wait for its end, or cancel it.`;
      return refused('CONFLICT', ['syncRuleId'], message);
    }
    this.ports.delivery.operationChanged();
    return { value: { operation: started.operation, warnings: namingUsers(rule) } };
  }

  /** Shows how far a deletion has got that has begun already; asking again shows the same. */
  async ofDeletion({ id, deletion }: SyncRule, by: OperationRequester): Promise<Operation> {
    const { operation } = await this.ports.operations.start(
      {
        kind: 'RULE_DELETION',
        input: { onProvisioned: deletion ?? 'KEEP' },
        ruleId: id,
        requestedBy: by,
        exclusive: `deletion ${id}`,
      },
      this.now(),
    );
    this.ports.delivery.operationChanged();
    return operation;
  }

  private async start(draft: OperationDraft): Promise<Outcome<Operation>> {
    const { operation } = await this.ports.operations.start(draft, this.now());
    this.ports.delivery.operationChanged();
    return { value: operation };
  }

  private async find(id: string): Promise<Operation | undefined> {
    return (await this.ports.operations.findAll([id]))[0];
  }

  private expressionIssues(rule: SyncRule, expression: string): readonly Issue[] {
    if (expression.trim() === '') {
      return [issue('REQUIRED', ['expression'], 'Say what the new user names are.')];
    }
    const schema = this.ports.schemas.of(rule).get(USER);
    if (schema === undefined) throw new Error('Every rule has users');
    return checkUserNameExpression(expression, schema).map((message) =>
      issue('INVALID', ['expression'], message),
    );
  }

  private async scopeIssues({ ruleId, targetId }: BindingsRetry): Promise<readonly Issue[]> {
    const issues: Issue[] = [];
    if (ruleId !== undefined && (await this.ports.syncRules.find(ruleId)) === undefined) {
      issues.push(issue('NOT_FOUND', ['syncRuleId'], 'There is no such sync rule.'));
    }
    if (targetId !== undefined && (await this.ports.targets.find(targetId)) === undefined) {
      issues.push(issue('NOT_FOUND', ['targetId'], 'There is no such target.'));
    }
    return issues;
  }
}

/** An administrator's API key as the one who asks. */
export function requesterOf(
  { id, name }: Pick<ApiKey, 'id' | 'name'>,
  requestId?: string,
): OperationRequester {
  return {
    type: 'API_KEY',
    name,
    apiKeyId: id,
    ...(requestId === undefined ? {} : { requestId }),
  };
}

function retryIssues(
  states: readonly BindingState[],
  errorKinds: readonly string[],
): readonly Issue[] {
  const issues: Issue[] = [];
  if (states.length === 0) issues.push(issue('REQUIRED', ['states'], 'Name a state.'));
  const never = states.filter((state) => NEVER_RETRIED.includes(state));
  if (never.length > 0) {
    const message = `What is ${never.join(' or ')} is delivered without being asked for.`;
    issues.push(issue('INVALID', ['states'], message));
  }
  if (errorKinds.length > MOST_ERROR_KINDS) {
    const message = `At most ${String(MOST_ERROR_KINDS)} kinds at a time.`;
    issues.push(issue('LIMIT_EXCEEDED', ['errorKinds'], message));
  }
  return issues;
}

function orphanIssues(
  { mode, orphans = 'KEEP', mostOrphans }: OperationInputs['RECONCILE'],
  canDisable: boolean,
): readonly Issue[] {
  const issues: Issue[] = [];
  if (mostOrphans !== undefined && !(mostOrphans >= 1 && mostOrphans <= MOST_ORPHANS)) {
    const message = `Between 1 and ${String(MOST_ORPHANS)}.`;
    issues.push(issue('INVALID', ['mostOrphans'], message));
  }
  if (orphans === 'KEEP') {
    if (mostOrphans === undefined) return issues;
    const message = 'Say with "orphans" what becomes of them.';
    return [...issues, issue('INVALID', ['mostOrphans'], message)];
  }
  if (mode !== 'REPAIR') {
    const message = 'REPORT touches nothing. Choose REPAIR, or KEEP for orphans.';
    issues.push(issue('INVALID', ['orphans'], message));
  }
  if (orphans === 'DISABLE' && !canDisable) {
    const message = 'This directory knows no disabled accounts. Choose KEEP or DELETE.';
    issues.push(issue('INVALID', ['orphans'], message));
  }
  return issues;
}

function noSuchOperation(): { readonly issues: readonly Issue[] } {
  return refused('NOT_FOUND', ['id'], 'There is no such operation.');
}

function ended({ state }: Operation): { readonly issues: readonly Issue[] } {
  return refused('CONFLICT', ['id'], `The operation has ended already: ${state}.`);
}
