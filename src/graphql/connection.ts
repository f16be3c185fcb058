/** Lists as connections (the Relay specification's cursor connections), read forwards by keyset. */
import { createHash } from 'node:crypto';
import { ArgsType, type ClassType, Field, Int, ObjectType } from 'type-graphql';
import { type Page } from '../domain/ports';
import { badUserInput } from './error';
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from './limits';

/** The arguments of every connection. */
@ArgsType()
export class ConnectionArgs {
  @Field(() => Int, {
    nullable: true,
    defaultValue: DEFAULT_PAGE_SIZE,
    description: `How many, 1 to ${String(MAX_PAGE_SIZE)}.`,
  })
  first?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'The `endCursor` of the page before. Valid only with the same other arguments.',
  })
  after?: string | null;
}

@ObjectType('PageInfo', { description: 'Where a page lies in its list.' })
export class PageInfoType {
  @Field(() => Boolean, { description: 'Whether there is more after this page.' })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Whether there is a page before this one.' })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'The cursor of the first item.' })
  startCursor?: string;

  @Field(() => String, {
    nullable: true,
    description: 'The cursor of the last item: `after` for the next page.',
  })
  endCursor?: string;
}

export interface Edge<Node> {
  readonly cursor: string;
  readonly node: Node;
}

/** A page of a connection that does not say how long it is. */
export interface UncountedConnection<Node> {
  readonly edges: readonly Edge<Node>[];
  readonly nodes: readonly Node[];
  readonly pageInfo: PageInfoType;
}

export interface Connection<Node> extends UncountedConnection<Node> {
  /** Counted only when it is read. */
  readonly totalCount: Promise<number>;
}

type NodeType = () => ClassType | object;

function edgeType(name: string, nodeType: NodeType, plural: string): ClassType<Edge<unknown>> {
  @ObjectType(`${name}Edge`, { description: `One of a list of ${plural}, with its place in it.` })
  class EdgeClass implements Edge<unknown> {
    @Field(() => String, { description: 'The place in the list, for `after`.' })
    cursor!: string;

    @Field(() => nodeType() as ClassType, { description: 'What stands there.' })
    node!: unknown;
  }
  return EdgeClass;
}

/** Declares `<name>Edge` and a `<name>Connection` that does not count. */
export function uncountedConnectionType(
  name: string,
  nodeType: NodeType,
  plural: string,
): ClassType<UncountedConnection<unknown>> {
  const EdgeClass = edgeType(name, nodeType, plural);

  @ObjectType(`${name}Connection`, { description: `A page of a list of ${plural}.` })
  class ConnectionClass implements UncountedConnection<unknown> {
    @Field(() => [EdgeClass], { description: EDGES })
    edges!: Edge<unknown>[];

    @Field(() => [nodeType() as ClassType], { description: NODES })
    nodes!: unknown[];

    @Field(() => PageInfoType, { description: PAGE_INFO })
    pageInfo!: PageInfoType;
  }
  return ConnectionClass;
}

/** Declares `<name>Edge` and `<name>Connection`. */
export function connectionType(
  name: string,
  nodeType: NodeType,
  plural: string,
): ClassType<Connection<unknown>> {
  const EdgeClass = edgeType(name, nodeType, plural);

  @ObjectType(`${name}Connection`, { description: `A page of a list of ${plural}.` })
  class ConnectionClass implements Connection<unknown> {
    @Field(() => [EdgeClass], { description: EDGES })
    edges!: Edge<unknown>[];

    @Field(() => [nodeType() as ClassType], { description: NODES })
    nodes!: unknown[];

    @Field(() => PageInfoType, { description: PAGE_INFO })
    pageInfo!: PageInfoType;

    @Field(() => Int, { description: 'How many there are on all pages together.' })
    totalCount!: Promise<number>;
  }
  return ConnectionClass;
}

const EDGES = 'The items, each with its cursor.';
const NODES = 'The items alone.';
const PAGE_INFO = 'Where the page lies in the list.';

/** Where a list is to be entered. */
export interface Entry {
  readonly after?: string;
  readonly limit: number;
}

interface PageRequest<Item, Node> {
  readonly args: ConnectionArgs;
  /** Everything that decides what is in the list and in which order; cursors are bound to it. */
  readonly list: readonly unknown[];
  readonly load: (entry: Entry) => Promise<Page<Item>>;
  readonly keyOf: (item: Item) => string;
  /** Undefined leaves the item out: it is gone since the list was read. */
  readonly toNode: (item: Item) => Node | undefined | Promise<Node | undefined>;
}

/** One page, without a total. */
export async function uncountedPageOf<Item, Node>(
  request: PageRequest<Item, Node>,
): Promise<UncountedConnection<Node>> {
  const { args, load, keyOf, toNode } = request;
  const limit = args.first ?? DEFAULT_PAGE_SIZE;
  if (limit < 1 || limit > MAX_PAGE_SIZE) {
    throw badUserInput(`\`first\` is 1 to ${String(MAX_PAGE_SIZE)}.`);
  }
  const list = fingerprint(request.list);
  const after = args.after == null ? undefined : readCursor(args.after, list);
  const page = await load({ limit, ...(after === undefined ? {} : { after }) });
  const cursors = page.items.map((item) => makeCursor(list, keyOf(item)));
  const nodes = await Promise.all(page.items.map(async (item) => toNode(item)));
  const edges = nodes.flatMap((node, index) =>
    node === undefined ? [] : [{ cursor: cursors[index] ?? '', node }],
  );
  return {
    edges,
    nodes: edges.map((edge) => edge.node),
    pageInfo: {
      hasNextPage: page.hasMore,
      hasPreviousPage: after !== undefined,
      startCursor: cursors[0],
      endCursor: cursors.at(-1),
    },
  };
}

/** One page. */
export async function pageOf<Item, Node>(
  request: PageRequest<Item, Node> & { readonly count: () => Promise<number> },
): Promise<Connection<Node>> {
  const page = await uncountedPageOf(request);
  return {
    ...page,
    get totalCount(): Promise<number> {
      return request.count();
    },
  };
}

/** A page of a list that is in memory as a whole, by ascending id. */
export function sliceAfter<Item extends { readonly id: string }>(
  items: readonly Item[],
  { after, limit }: Entry,
): Page<Item> {
  const rest = after === undefined ? items : items.filter((item) => item.id > after);
  return { items: rest.slice(0, limit), hasMore: rest.length > limit };
}

const CURSOR_VERSION = 'v1';

function makeCursor(list: string, key: string): string {
  return Buffer.from(`${CURSOR_VERSION}:${list}:${key}`, 'utf8').toString('base64url');
}

function readCursor(cursor: string, list: string): string {
  const prefix = `${CURSOR_VERSION}:${list}:`;
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const key = text.slice(prefix.length);
  if (!text.startsWith(prefix) || key === '' || makeCursor(list, key) !== cursor) {
    throw badUserInput(
      '`after` is no cursor of this list. A cursor is valid only with the arguments it was made with.',
    );
  }
  return key;
}

function fingerprint(list: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(list)).digest('base64url').slice(0, 12);
}
