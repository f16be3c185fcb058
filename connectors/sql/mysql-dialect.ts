/** Kysely's words for MySQL and MariaDB where the two differ from each other or from what connectors ask for. */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  InsertQueryNode,
  Kysely,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  type OnConflictNode,
  type QueryResult,
  type SelectModifierNode,
} from 'kysely';
import type { MysqlConnection } from './mysql-connection';

/** `ON CONFLICT DO NOTHING` and `FOR SHARE` as both servers understand them. */
class Compiler extends MysqlQueryCompiler {
  /** Not INSERT IGNORE, which also lets values through that are too long, cut off. */
  protected override visitOnConflict(node: OnConflictNode): void {
    const insert = this.parentNode;
    const column = insert && InsertQueryNode.is(insert) ? insert.columns?.[0] : undefined;
    if (node.doNothing !== true || !column) throw new Error('only "do nothing" is supported');
    this.append('on duplicate key update ');
    this.visitNode(column);
    this.append(' = values(');
    this.visitNode(column);
    this.append(')');
  }

  protected override visitSelectModifier(node: SelectModifierNode): void {
    if (node.modifier === 'ForShare') this.append('lock in share mode');
    else super.visitSelectModifier(node);
  }
}

class Session implements DatabaseConnection {
  constructor(private readonly connection: MysqlConnection) {}

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const { rows, affected } = await this.connection.execute(query.sql, query.parameters);
    return {
      rows: rows as Row[],
      ...(affected === undefined ? {} : { numAffectedRows: BigInt(affected) }),
    };
  }

  // eslint-disable-next-line require-yield -- no connector reads streams
  async *streamQuery(): AsyncGenerator<never, void, undefined> {
    throw new Error('not supported');
  }
}

/** Transactions are begun and ended by hand, so that the moment of COMMIT is known. */
function driver(connection: MysqlConnection): Driver {
  const session = new Session(connection);
  const unused = (): Promise<void> => Promise.reject(new Error('not supported'));
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    init: nothing,
    acquireConnection: () => Promise.resolve(session),
    beginTransaction: unused,
    commitTransaction: unused,
    rollbackTransaction: unused,
    releaseConnection: nothing,
    destroy: nothing,
  };
}

/** Kysely on one connection. */
export function mysqlKysely<Schema>(connection: MysqlConnection): Kysely<Schema> {
  const dialect: Dialect = {
    createAdapter: () => new MysqlAdapter(),
    createDriver: () => driver(connection),
    createIntrospector: (db) => new MysqlIntrospector(db),
    createQueryCompiler: () => new Compiler(),
  };
  return new Kysely<Schema>({ dialect });
}
