/**
 * Runs subscriptions, whatever they come over, under everything that holds for queries: size, depth, cost, introspection,
 * roles, and what an error may tell. Neither graphql-ws nor graphql-js knows of any of it.
 */
import { randomUUID } from 'node:crypto';
import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  getOperationAST,
  GraphQLError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  specifiedRules,
  subscribe,
  validate,
} from 'graphql';
import { type GraphqlContext } from '../context';
import { type ErrorLog, errorFormatter, refusedRequest } from '../error';
import { checkCost, depthRule, type GraphqlLimits, selectionRule } from '../limits';

/** What a client sends, not yet looked at. */
export interface OperationParams {
  readonly query?: unknown;
  readonly operationName?: unknown;
  readonly variables?: unknown;
}

/** Ready to be run, or refused before anything of it is. */
export type Prepared =
  | { readonly args: ExecutionArgs; readonly errors?: undefined }
  | { readonly args?: undefined; readonly errors: readonly GraphQLError[] };

export type Results = AsyncGenerator<ExecutionResult, void, undefined>;

export interface ExecutionOptions {
  readonly schema: GraphQLSchema;
  readonly limits: GraphqlLimits;
  readonly introspection: boolean;
  readonly log: ErrorLog;
}

const MOST_ERRORS = 20;

export class SubscriptionExecution {
  private readonly format: ReturnType<typeof errorFormatter>;

  constructor(private readonly options: ExecutionOptions) {
    this.format = errorFormatter(options.log);
  }

  prepare(params: OperationParams, context: GraphqlContext): Prepared {
    try {
      return this.checked(params, context);
    } catch (error) {
      return { errors: [this.masked(error, context.requestId)] };
    }
  }

  /** An error of its own, as it is shown. */
  refusal(code: string, message: string): GraphQLError {
    return this.masked(refusedRequest(code, message), randomUUID());
  }

  /** Every error in the results is fit to be shown, and the results never fail. */
  async run(args: ExecutionArgs): Promise<ExecutionResult | Results> {
    const { requestId } = args.contextValue as GraphqlContext;
    try {
      const begun = await subscribe(args);
      if (Symbol.asyncIterator in begun) return this.shown(begun, requestId);
      return this.maskedResult(begun, requestId);
    } catch (error) {
      return { errors: [this.masked(error, requestId)] };
    }
  }

  private checked(params: OperationParams, context: GraphqlContext): Prepared {
    const { schema, limits } = this.options;
    const { query, operationName, variables } = wellFormed(params);
    const document = parsed(query, limits.maxTokens);
    const errors = this.validationErrors(document);
    if (errors.length > 0) {
      const shown = errors.map((error) => this.masked(refusedDocument(error), context.requestId));
      return { errors: shown };
    }
    const operation = subscriptionOf(document, operationName);
    checkCost(schema, limits, { document, operation, variables });
    const args = { schema, document, operationName, variableValues: variables };
    return { args: { ...args, contextValue: context } };
  }

  /** What is cheap to look at is looked at first, so that nothing costly is done with a document that is too much. */
  private validationErrors(document: DocumentNode): readonly GraphQLError[] {
    const { schema, limits, introspection } = this.options;
    const first = [depthRule(limits.maxDepth), selectionRule(limits.maxComplexity)];
    const options = { maxErrors: MOST_ERRORS };
    const early = validate(schema, document, first, options);
    if (early.length > 0) return early;
    const rules = introspection
      ? specifiedRules
      : [...specifiedRules, NoSchemaIntrospectionCustomRule];
    const errors = validate(schema, document, rules, options);
    return introspection ? errors : errors.map(withoutSuggestions);
  }

  private shown(results: AsyncGenerator<ExecutionResult>, requestId: string): Results {
    let ended = false;
    return {
      next: async () => {
        if (ended) return { done: true, value: undefined };
        try {
          const next = await results.next();
          if (next.done === true) return { done: true, value: undefined };
          return { done: false, value: this.maskedResult(next.value, requestId) };
        } catch (error) {
          ended = true;
          return { done: false, value: { errors: [this.masked(error, requestId)] } };
        }
      },
      return: async () => {
        ended = true;
        await results.return(undefined);
        return { done: true, value: undefined };
      },
      throw: async (error) => {
        ended = true;
        await results.return(undefined);
        throw error;
      },
      [Symbol.asyncIterator]() {
        return this;
      },
      async [Symbol.asyncDispose]() {
        await this.return();
      },
    };
  }

  private maskedResult(result: ExecutionResult, requestId: string): ExecutionResult {
    if (result.errors === undefined) return result;
    return { ...result, errors: result.errors.map((error) => this.masked(error, requestId)) };
  }

  private masked(error: unknown, requestId: string): GraphQLError {
    const formatted =
      error instanceof GraphQLError ? error.toJSON() : { message: 'Internal error.' };
    const stamped = { ...formatted, extensions: { ...formatted.extensions, requestId } };
    const { message, path, extensions = {} } = this.format(stamped, error);
    const { http: _http, ...shown } = extensions;
    return new GraphQLError(message, { path, extensions: shown });
  }
}

function wellFormed({ query, operationName, variables }: OperationParams): {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Record<string, unknown>;
} {
  if (typeof query !== 'string' || query === '') {
    throw refusedRequest('BAD_REQUEST', 'Send the document as `query`.');
  }
  if (operationName != null && typeof operationName !== 'string') {
    throw refusedRequest('BAD_REQUEST', '`operationName` is a string.');
  }
  if (variables != null && (typeof variables !== 'object' || Array.isArray(variables))) {
    throw refusedRequest('BAD_REQUEST', '`variables` is an object.');
  }
  return {
    query,
    operationName: operationName ?? undefined,
    variables: (variables ?? {}) as Record<string, unknown>,
  };
}

function parsed(query: string, maxTokens: number): DocumentNode {
  try {
    return parse(query, { maxTokens });
  } catch (error) {
    throw refusedRequest('GRAPHQL_PARSE_FAILED', (error as Error).message);
  }
}

function refusedDocument({ message }: GraphQLError): GraphQLError {
  return refusedRequest('GRAPHQL_VALIDATION_FAILED', message);
}

function withoutSuggestions({ message }: GraphQLError): GraphQLError {
  return new GraphQLError(message.replace(/ ?Did you mean.*$/s, ''));
}

function subscriptionOf(
  document: DocumentNode,
  operationName: string | undefined,
): OperationDefinitionNode {
  const operation = getOperationAST(document, operationName);
  if (!operation) {
    throw refusedRequest('OPERATION_RESOLUTION_FAILURE', 'There is no such operation.');
  }
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION) {
    throw refusedRequest(
      'BAD_REQUEST',
      'Only subscriptions come this way. Send queries and mutations with POST, and take `application/json`.',
    );
  }
  return operation;
}
