/**
 * Records every mutation in the audit trail, whoever adds it. It is noted before it is carried out, and recorded before its
 * answer is sent. What was refused, or left everything as it was, is not recorded.
 */
import { isDeepStrictEqual } from 'node:util';
import { GraphQLError, type GraphQLResolveInfo } from 'graphql';
import { Extensions, type MiddlewareFn } from 'type-graphql';
import { v7 as timeOrderedId } from 'uuid';
import {
  type AuditActor,
  type AuditChange,
  type AuditFact,
  type ChangeOrigin,
  GATEWAY_CHAIN,
} from '../domain/audit';
import { bounded, jsonText, MASK, maskedInput } from '../domain/audit-values';
import { type ApiKey } from '../domain/credential';
import { DomainError } from '../domain/error';
import { type GraphqlContext } from './context';
import { type NodeKey, parseNodeId } from './node-id';

const CHANGES_NOTHING = 'changesNothing';
const LONGEST_INPUT = 8_000;

/** Marks a mutation that only looks: it is not recorded. */
export function ChangesNothing(): MethodDecorator {
  return Extensions({ [CHANGES_NOTHING]: true });
}

function actorOf({ id, name }: ApiKey): AuditActor {
  return { type: 'API_KEY', id, name };
}

/** Who asks, for what is changed by it. */
export function originOf({ apiKey, requestId }: GraphqlContext): ChangeOrigin {
  return { actor: actorOf(apiKey), requestId };
}

export const recordCommand: MiddlewareFn<GraphqlContext> = async (action, next) => {
  const { info, context } = action;
  if (!isCommand(info)) return next() as Promise<unknown>;
  const args = action.args as Readonly<Record<string, unknown>>;
  const subject = await subjectIn(context, args);
  const before = subject && (await stateOf(context, subject));
  const intent = intentOf(context, info.fieldName, args, subject);
  const { intents } = context.ports.audit;
  await intents.begin(intent);
  let answer: unknown;
  try {
    answer = (await next()) as unknown;
  } catch (error) {
    const ending = isRefusal(error)
      ? intents.abandon(intent.id)
      : intents.finish(asUnknown(intent));
    await ending.catch(() => undefined);
    throw error;
  }
  const ending = isRefused(answer)
    ? intents.abandon(intent.id)
    : finish(context, intent, { subject, before, answer });
  // It has taken effect, and may have a secret to tell that is shown once: an outage must not hide that. What is noted stays,
  // and is recorded later, with an unknown outcome.
  await ending.catch(() => undefined);
  return answer;
};

function isCommand({ parentType, fieldName }: GraphQLResolveInfo): boolean {
  if (parentType.name !== 'Mutation') return false;
  return parentType.getFields()[fieldName]?.extensions[CHANGES_NOTHING] !== true;
}

/** Of these nobody has to know when they find everything as it should be. */
const SETTINGS: ReadonlySet<string> = new Set([
  'syncRuleUpdate',
  'syncRuleEnable',
  'syncRuleDisable',
  'targetUpdate',
  'targetPause',
  'targetResume',
  'userDeactivate',
  'userReactivate',
]);

interface Carried {
  readonly subject: Subject | undefined;
  readonly before: State | undefined;
  readonly answer: unknown;
}

async function finish(
  context: GraphqlContext,
  intent: AuditFact,
  { subject: known, before, answer }: Carried,
): Promise<void> {
  const subject = known ?? (await subjectIn(context, answer));
  const after = subject && (await stateOf(context, subject));
  const changes = before || after ? fieldChanges(before ?? {}, after ?? {}) : [];
  const { intents } = context.ports.audit;
  if (changes.length === 0 && SETTINGS.has(intent.action)) return intents.abandon(intent.id);
  await intents.finish({
    ...intent,
    ...placeOf(subject),
    ...(changes.length === 0 ? {} : { changes: bounded(changes) }),
  });
}

function intentOf(
  context: GraphqlContext,
  action: string,
  args: Readonly<Record<string, unknown>>,
  subject: Subject | undefined,
): AuditFact {
  const secrets = secretNames(context);
  const input = maskedInput(args, (name) => secrets.has(name));
  return {
    id: timeOrderedId(),
    at: new Date(),
    category: 'COMMAND',
    action,
    outcome: 'DONE',
    actor: actorOf(context.apiKey),
    requestId: context.requestId,
    ...placeOf(subject),
    input: jsonText(input, LONGEST_INPUT),
  };
}

/** What a command is about. */
interface Subject extends NodeKey {
  readonly ruleId?: string;
  readonly name?: string;
  readonly targetId?: string;
  readonly resourceId?: string;
}

function placeOf(subject: Subject | undefined): Pick<AuditFact, 'chain' | 'resource' | 'target'> {
  if (subject === undefined) return { chain: GATEWAY_CHAIN };
  const { type, key, ruleId, targetId } = subject;
  const name = subject.name === undefined ? {} : { name: subject.name };
  return {
    chain: ruleId ?? GATEWAY_CHAIN,
    ...(type === 'User' || type === 'Group' ? { resource: { type, id: key, ...name } } : {}),
    ...(targetId === undefined
      ? {}
      : { target: { id: targetId, ...(type === 'Target' ? name : {}) } }),
  };
}

/** The first node that is named, in the arguments or by the answer. */
async function subjectIn(context: GraphqlContext, value: unknown): Promise<Subject | undefined> {
  for (const node of nodesIn(value, 0)) {
    const subject = await resolved(context, node);
    if (subject !== undefined) return subject;
  }
  return undefined;
}

const DEEPEST = 2;

/** Ids first, then what is inside. */
function nodesIn(value: unknown, depth: number): readonly NodeKey[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depth > DEEPEST)
    return [];
  const entries = Object.entries(value);
  const named = entries.flatMap(([name, part]) =>
    typeof part === 'string' && (name === 'id' || name.endsWith('Id'))
      ? (parseNodeId(part) ?? [])
      : [],
  );
  return [...named, ...entries.flatMap(([, part]) => nodesIn(part, depth + 1))];
}

async function resolved(context: GraphqlContext, node: NodeKey): Promise<Subject | undefined> {
  const { ports } = context;
  const { type, key } = node;
  if (type === 'SyncRule') return { ...node, ruleId: key };
  if (type === 'Target') {
    const [target] = await ports.targets.findAll([key]);
    return { ...node, targetId: key, ...(target === undefined ? {} : { name: target.name }) };
  }
  if (type === 'User' || type === 'Group') {
    const [resource] = await ports.resources.findAll([key]);
    return resource && { ...node, ruleId: resource.ruleId };
  }
  if (type === 'Binding') {
    const binding = await ports.bindings.find(key);
    return binding && { ...node, ruleId: binding.ruleId, targetId: binding.targetId };
  }
  return undefined;
}

type State = Readonly<Record<string, unknown>>;

/** What a command may change of its subject, as far as it is to be seen. */
async function stateOf({ ports }: GraphqlContext, subject: Subject): Promise<State | undefined> {
  const { type, key } = subject;
  const [found] =
    type === 'SyncRule'
      ? await ports.syncRules.findAll([key])
      : type === 'Target'
        ? await ports.targets.findAll([key])
        : type === 'User' || type === 'Group'
          ? (await ports.resources.findAll([key])).map(({ generation }) => ({ generation }))
          : [];
  return found && { ...found };
}

/** They follow from the others, or from what others do. */
const DERIVED: ReadonlySet<string> = new Set([
  'version',
  'updatedAt',
  'createdAt',
  'id',
  'lastSyncAt',
  'lastSyncFrom',
  'rollouts',
]);

function fieldChanges(before: State, after: State): readonly AuditChange[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name): readonly AuditChange[] => {
    if (DERIVED.has(name) || isDeepStrictEqual(plain(before[name]), plain(after[name]))) return [];
    if (name === 'secrets') return secretChanges(before[name], after[name]);
    return [
      {
        attribute: name,
        ...(before[name] === undefined ? {} : { before: shown(before[name]) }),
        ...(after[name] === undefined ? {} : { after: shown(after[name]) }),
      },
    ];
  });
}

function secretChanges(before: unknown, after: unknown): readonly AuditChange[] {
  const [old, now] = [asRecord(before), asRecord(after)];
  const masked = JSON.stringify(MASK);
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter((name) => !isDeepStrictEqual(old[name], now[name]))
    .map((name) => ({
      attribute: `secrets.${name}`,
      ...(old[name] === undefined ? {} : { before: masked }),
      ...(now[name] === undefined ? {} : { after: masked }),
    }));
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function shown(value: unknown): string {
  return jsonText(maskedInput(value, () => false));
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}

/** What the connectors call a secret. */
function secretNames({ ports }: GraphqlContext): ReadonlySet<string> {
  return new Set(
    ports.directories
      .types()
      .flatMap(({ secretsSchema }) => Object.keys(asRecord(asRecord(secretsSchema)['properties']))),
  );
}

function isRefused(answer: unknown): boolean {
  const { userErrors } = asRecord(answer);
  return Array.isArray(userErrors) && userErrors.length > 0;
}

/** Nothing was done: the request was wrong. */
function isRefusal(error: unknown): boolean {
  if (error instanceof DomainError) return error.code !== 'unavailable';
  return error instanceof GraphQLError;
}

function asUnknown(intent: AuditFact): AuditFact {
  return { ...intent, outcome: 'UNKNOWN' };
}
