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
    ['28P01', 'permission'],
    ['42501', 'permission'],
    ['3D000', 'invalid'],
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
    expect(isMissingTable(undefined)).toBe(false);
  });
});
