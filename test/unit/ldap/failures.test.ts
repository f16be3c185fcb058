import {
  AlreadyExistsError,
  BusyError,
  InsufficientAccessError,
  InvalidCredentialsError,
  NoSuchObjectError,
  ObjectClassViolationError,
  UnavailableError,
  UnknownStatusCodeError,
} from 'ldapts';
import {
  attributeAtFault,
  connectFailure,
  ConnectionLost,
  nameFailure,
  signInFailure,
  SignInRefused,
  toConnectorError,
} from '../../../connectors/ldap/failures';
import { ConnectorError } from '../../../connectors/spi';

const write = { action: 'change the user', write: true };

describe('a refused sign-in', () => {
  const attempt = { action: 'sign in as cn=usher' };

  it.each([7, 8, 13, 19, 48, 49, 50, 53])('is %s, and nobody is to blame for it', (code) => {
    const failure = signInFailure(new UnknownStatusCodeError(code), attempt);
    expect(failure).toBeInstanceOf(SignInRefused);
    expect(failure).toMatchObject({ kind: 'unavailable', outcome: 'none', name: 'ConnectorError' });
    expect(failure.message).toMatch(/^The directory refused to sign in as cn=usher: .+\.$/);
  });

  it.each([
    [3, 'timeout'],
    [51, 'throttled'],
    [52, 'unavailable'],
  ])('passes with %s', (code, kind) => {
    const failure = signInFailure(new UnknownStatusCodeError(code), attempt);
    expect(failure).not.toBeInstanceOf(SignInRefused);
    expect(failure.kind).toBe(kind);
  });
});

describe('result codes', () => {
  it.each([
    [new AlreadyExistsError(), 'conflict'],
    [new NoSuchObjectError(), 'notFound'],
    [new UnknownStatusCodeError(122), 'unavailable'],
    [new InsufficientAccessError(), 'permission'],
    [new InvalidCredentialsError(), 'permission'],
    [new ObjectClassViolationError(), 'invalid'],
    [new BusyError(), 'throttled'],
    [new UnavailableError(), 'unavailable'],
    [new UnknownStatusCodeError(10), 'invalid'],
    [new UnknownStatusCodeError(4711), 'invalid'],
  ])('%s is %s', (error, kind) => {
    const failure = toConnectorError(error, write);
    expect(failure).toBeInstanceOf(ConnectorError);
    expect([failure.kind, failure.outcome]).toEqual([kind, 'none']);
    expect(failure.message).toMatch(/^The directory refused to change the user: .+\.$/);
    expect(failure.message).not.toContain('Code: 0x');
  });

  it.each([
    ["object class 'inetOrgPerson' requires attribute 'sn'", 'sn'],
    ["attribute 'shoeSize' not allowed", 'shoeSize'],
    ['missing attribute "sn" required by object class "person"', 'sn'],
    ['foo: attribute type undefined', 'foo'],
    ['telephoneNumber: value #0 invalid per syntax', 'telephoneNumber'],
    ['modify/add: member: value #0 already exists', 'member'],
    ['no write access to entry', undefined],
    ['', undefined],
  ])('%j blames %s', (message, attribute) => {
    expect(attributeAtFault(message)).toBe(attribute);
    const failure = toConnectorError(new ObjectClassViolationError(message), write);
    expect(failure.attribute).toBe(attribute);
    if (message) expect(failure.message).toContain(message);
  });

  it('blame the name for what the directory says of names', () => {
    expect(
      nameFailure(new UnknownStatusCodeError(80), 'uid', `uid=${'x'.repeat(300)}`),
    ).toMatchObject({ kind: 'invalid', attribute: 'uid' });
    const other = new UnknownStatusCodeError(80);
    expect(nameFailure(other, 'uid', 'uid=x')).toBe(other);
  });
});

describe('outcomes', () => {
  it.each([
    [true, true, 'unknown'],
    [true, false, 'none'],
    [false, true, 'none'],
  ])('of a lost connection: write %s, sent %s: %s', (isWrite, sent, outcome) => {
    for (const [reason, kind] of [
      ['broken', 'unavailable'],
      ['timeout', 'timeout'],
      ['aborted', 'timeout'],
    ] as const) {
      const lost = new ConnectionLost('it broke', sent, reason);
      const failure = toConnectorError(lost, { action: 'do it', write: isWrite });
      expect([failure.kind, failure.outcome]).toEqual([kind, outcome]);
    }
  });

  it('are unknown once a part is done, whatever came then', () => {
    const attempt = { action: 'do it', partlyDone: true };
    const failures = [
      new AlreadyExistsError(),
      new ConnectionLost('it broke', false, 'broken'),
      new ConnectorError('invalid', 'no', { attribute: 'cn' }),
      new Error('surprise'),
    ].map((error) => toConnectorError(error, attempt));
    expect(failures.slice(0, 3).map((one) => one.outcome)).toEqual(Array(3).fill('unknown'));
    expect(failures[2]?.attribute).toBe('cn');
    expect(failures.every((one) => one instanceof ConnectorError)).toBe(true);
  });
});

describe('connecting', () => {
  it.each([
    ['ECONNREFUSED', 'nobody answers there'],
    ['ENOTFOUND', 'the host name is unknown'],
    ['CERT_HAS_EXPIRED', 'its certificate has expired'],
    ['SOMETHING_ELSE', 'in its own words'],
  ])('explains %s', (code, words) => {
    const error = connectFailure(
      'host:636',
      Object.assign(new Error('in its own words'), { code }),
    );
    expect(error).toMatchObject({ kind: 'unavailable', outcome: 'none' });
    expect(error.message).toContain(words);
    expect(error.message).toContain('host:636');
  });
});
