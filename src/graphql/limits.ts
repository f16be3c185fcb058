/** What a request may cost. Every number can be set; the defaults fit an administration interface. */
import { type ApolloServerPlugin } from '@apollo/server';
import {
  getVariableValues,
  GraphQLError,
  Kind,
  OperationTypeNode,
  type ASTVisitor,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import {
  fieldExtensionsEstimator,
  getComplexity,
  simpleEstimator,
  type ComplexityEstimator,
} from 'graphql-query-complexity';
import { type GraphqlContext } from './context';
import { refusedRequest } from './error';

export interface GraphqlLimits {
  /** Of the request body, in bytes. */
  readonly maxBodyBytes: number;
  /** Lexical tokens of a document. */
  readonly maxTokens: number;
  /** Fields inside fields. */
  readonly maxDepth: number;
  /** Fields, those of a list counted for each of its items. */
  readonly maxComplexity: number;
}

export const DEFAULT_LIMITS: GraphqlLimits = {
  maxBodyBytes: 1024 * 1024,
  maxTokens: 2_000,
  maxDepth: 12,
  maxComplexity: 10_000,
};

export const DEFAULT_PAGE_SIZE = 20;
export const MAX_PAGE_SIZE = 100;

/** The cost of a connection: its selection for each item of the page. */
export const connectionCost: ComplexityEstimator = ({ args, childComplexity }) => {
  const first = (args as { readonly first?: unknown }).first;
  const wanted = typeof first === 'number' ? first : DEFAULT_PAGE_SIZE;
  return 1 + Math.min(Math.max(wanted, 1), MAX_PAGE_SIZE) * childComplexity;
};

/** The cost of a bounded list that usually has this many items. */
export function listCost(usualLength: number): ComplexityEstimator {
  return ({ childComplexity }) => 1 + usualLength * childComplexity;
}

/** The cost of a field that takes a query of its own, or of a command. */
export function ownCost(cost: number): ComplexityEstimator {
  return ({ childComplexity }) => cost + childComplexity;
}

/** Refuses operations that cost too much before anything of them is run. */
export function complexityPlugin(
  schema: GraphQLSchema,
  limits: GraphqlLimits,
): ApolloServerPlugin<GraphqlContext> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ document, operation, request }) {
          // Execution will say that there is no such operation.
          if (operation === undefined) return;
          if (operation.operation === OperationTypeNode.SUBSCRIPTION) throw noStream();
          checkCost(schema, limits, { document, operation, variables: request.variables ?? {} });
        },
      };
    },
  };
}

/** An answer as JSON is one answer. */
function noStream(): GraphQLError {
  return refusedRequest(
    'BAD_REQUEST',
    'Subscriptions come over a WebSocket (graphql-transport-ws), or with POST and `Accept: text/event-stream`.',
  );
}

/** Refuses an operation that costs too much. */
export function checkCost(
  schema: GraphQLSchema,
  limits: Pick<GraphqlLimits, 'maxComplexity'>,
  { document, operation, variables }: PricedOperation,
): void {
  refuseBadVariables(schema, operation, variables);
  const cost = complexityOf({
    schema,
    query: document,
    variables,
    operationName: operation.name?.value,
  });
  if (cost > limits.maxComplexity) {
    throw refusedRequest(
      'QUERY_TOO_COMPLEX',
      `The operation costs ${String(cost)}; ${String(limits.maxComplexity)} is the limit. Ask for shorter pages or fewer fields.`,
    );
  }
}

interface PricedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Record<string, unknown>;
}

/** Computing the cost needs the variables' values, so their types are checked here, earlier than execution would. */
function refuseBadVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Record<string, unknown>,
): void {
  const { errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  const [first] = errors ?? [];
  if (first !== undefined) throw refusedRequest('BAD_USER_INPUT', first.message);
}

function complexityOf(operation: {
  readonly schema: GraphQLSchema;
  readonly query: DocumentNode;
  readonly variables: Record<string, unknown>;
  readonly operationName: string | undefined;
}): number {
  try {
    return getComplexity({
      ...operation,
      estimators: [fieldExtensionsEstimator(), simpleEstimator({ defaultComplexity: 1 })],
    });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    // Errors about a place in the document are about its arguments; the one about none is about the document's size.
    const code = error.nodes === undefined ? 'QUERY_TOO_COMPLEX' : 'BAD_USER_INPUT';
    throw refusedRequest(code, error.message);
  }
}

/** Refuses documents that nest deeper. Introspection is left out: graphql-js limits its depth itself. */
export function depthRule(maxDepth: number): ValidationRule {
  return (context: ValidationContext): ASTVisitor => {
    const depthOf = meter(context, Math.max);
    return {
      OperationDefinition(operation) {
        if (depthOf(operation.selectionSet) <= maxDepth) return;
        const message = `The operation nests deeper than ${String(maxDepth)} fields.`;
        context.reportError(new GraphQLError(message, { nodes: operation }));
      },
    };
  };
}

/** Refuses documents that, with all fragments written out, select more than so much. */
export function selectionRule(mostSelections: number): ValidationRule {
  return (context: ValidationContext): ASTVisitor => {
    const countOf = meter(context, (own, inner) => own + inner);
    return {
      OperationDefinition(operation) {
        if (countOf(operation.selectionSet) <= mostSelections) return;
        const message = `The operation selects more than ${String(mostSelections)} fields.`;
        context.reportError(new GraphQLError(message, { nodes: operation }));
      },
    };
  };
}

/**
 * Measures a selection set: `together` joins what one selection is worth with what came before it. Every fragment is
 * measured once, however often it is spread, so that measuring is linear.
 */
function meter(
  context: ValidationContext,
  together: (before: number, selection: number) => number,
): (set: SelectionSetNode) => number {
  const fragments = new Map<FragmentDefinitionNode, number>();

  function ofFragment(fragment: FragmentDefinitionNode | null | undefined): number {
    if (fragment == null) return 0;
    const known = fragments.get(fragment);
    if (known !== undefined) return known;
    // A fragment that spreads itself is another rule's business; here it must only end.
    fragments.set(fragment, 0);
    const measure = ofSet(fragment.selectionSet);
    fragments.set(fragment, measure);
    return measure;
  }

  function ofSelection(selection: SelectionNode): number {
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      return ofFragment(context.getFragment(selection.name.value));
    }
    if (selection.kind === Kind.INLINE_FRAGMENT) return ofSet(selection.selectionSet);
    if (selection.selectionSet === undefined || selection.name.value.startsWith('__')) return 1;
    return 1 + ofSet(selection.selectionSet);
  }

  function ofSet(set: SelectionSetNode): number {
    return set.selections.reduce((before, one) => together(before, ofSelection(one)), 0);
  }

  return ofSet;
}
