import { ConnectorError } from '../../../connectors/spi';
import { isMissingTable, isTransient, toConnectorError } from '../../../connectors/sql/errors';

function thrown(code: string | undefined, message = 'message'): Error {
  return Object.assign(new Error(message), { code });
}

describe('failures of the databases', () => {
  it.each([
    ['SQLITE_BUSY', 'throttled'],
    ['SQLITE_BUSY_SNAPSHOT', 'throttled'],
    ['SQLITE_CONSTRAINT_UNIQUE', 'conflict'],
    ['SQLITE_READONLY', 'permission'],
    ['SQLITE_FULL', 'unavailable'],
    ['SQLITE_IOERR', 'unavailable'],
    ['SQLITE_NOTADB', 'invalid'],
    ['EACCES', 'permission'],
    ['23505', 'conflict'],
    ['23502', 'invalid'],
    ['22001', 'invalid'],
    ['54000', 'invalid'],
    ['28P01', 'unavailable'],
    ['42501', 'permission'],
    ['3D000', 'unavailable'],
    ['3F000', 'invalid'],
    ['42P01', 'invalid'],
    ['57014', 'timeout'],
    ['57P01', 'unavailable'],
    ['40P01', 'throttled'],
    ['53300', 'throttled'],
    ['25006', 'unavailable'],
    ['ECONNREFUSED', 'unavailable'],
    [undefined, 'unavailable'],
  ])('%s is %s', (code, kind) => {
    expect(toConnectorError(thrown(code)).kind).toBe(kind);
  });

  it.each([
    [1062, 'conflict'],
    [1406, 'invalid'],
    [1366, 'invalid'],
    [1048, 'invalid'],
    [1153, 'invalid'],
    [1452, 'invalid'],
    [1142, 'permission'],
    [1146, 'invalid'],
    [1665, 'unsupported'],
    [1969, 'timeout'],
    [1205, 'throttled'],
    [1213, 'throttled'],
    [1040, 'throttled'],
    [1290, 'unavailable'],
    [1053, 'unavailable'],
  ])('MySQL %s is %s', (errno, kind) => {
    const error = Object.assign(new Error('message'), { code: 'ER_SOMETHING', errno });
    expect(toConnectorError(error, 'unknown')).toMatchObject({
      kind,
      outcome: kind === 'unavailable' ? 'unknown' : 'none',
    });
  });

  it.each([1045, 1049])('MySQL %s: who was not let in has changed nothing', (errno) => {
    const error = Object.assign(new Error('message'), { code: 'ER_SOMETHING', errno });
    expect(toConnectorError(error, 'unknown')).toMatchObject({
      kind: 'unavailable',
      outcome: 'none',
    });
  });

  it('takes the numbers of the operating system for what they are', () => {
    const error = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', errno: -111 });
    expect(toConnectorError(error).kind).toBe('unavailable');
  });

  it('doubts the outcome of a lost connection only', () => {
    expect(toConnectorError(thrown('ECONNRESET'), 'unknown').outcome).toBe('unknown');
    expect(toConnectorError(thrown('23505'), 'unknown').outcome).toBe('none');
  });

  it('passes a ConnectorError on', () => {
    const error = new ConnectorError('notFound', 'gone');
    expect(toConnectorError(error)).toBe(error);
  });

  it('knows what may be run again and what lacks its tables', () => {
    expect(isTransient(thrown('SQLITE_BUSY'))).toBe(true);
    expect(isTransient(thrown('40001'))).toBe(true);
    expect(isTransient(thrown('23505'))).toBe(false);
    expect(isMissingTable(thrown('42P01'))).toBe(true);
    expect(isMissingTable(thrown('SQLITE_ERROR', 'no such table: radcheck'))).toBe(true);
    expect(toConnectorError(thrown('SQLITE_ERROR', 'no such column: x')).kind).toBe('invalid');
    const mysql = (errno: number): Error => Object.assign(new Error('message'), { errno });
    expect([1205, 1213, 1020, 1615].map((errno) => isTransient(mysql(errno)))).not.toContain(false);
    expect(isTransient(mysql(1062))).toBe(false);
    expect(isMissingTable(mysql(1146))).toBe(true);
    expect(isMissingTable(undefined)).toBe(false);
  });
});
