import { DomainError } from '../../../src/domain/error';
import {
  checkMapping,
  compileMapping,
  evaluateMapping,
  type MappingLine,
} from '../../../src/domain/mapping';
import { type ScimObject } from '../../../src/domain/resource';
import { groupSchema, mappingUser, userSchema } from './mapping-user';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

function line(expression: string, attribute = 'a'): MappingLine {
  return { attribute, expression, apply: 'AUTHORITATIVE' };
}

function evaluate(expression: string, attributes: ScimObject = {}): string[] | undefined {
  const mapping = compileMapping([line(expression)], userSchema);
  return evaluateMapping(mapping, mappingUser(attributes)).authoritative['a'];
}

function issue(expression: string, schema = userSchema): string | undefined {
  return checkMapping([line(expression)], schema)[0]?.message;
}

function failure(action: () => unknown): DomainError {
  try {
    action();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('It did not fail');
}

describe('a path', () => {
  it('reads what Usher itself knows of a resource', () => {
    expect(evaluate('id')).toEqual(['2819c223-7f76-453a-919d-413861904646']);
    expect(evaluate('meta.created')).toEqual(['2024-01-23T04:56:22.000Z']);
    expect(evaluate('meta.lastModified')).toEqual(['2024-05-13T04:42:34.000Z']);
    expect(evaluate('meta.resourceType')).toEqual(['User']);
  });

  it('is found regardless of case and by the URN of the core schema', () => {
    const user = { userName: 'jdoe' };
    expect(evaluate('USERNAME', user)).toEqual(['jdoe']);
    expect(evaluate('urn:ietf:params:scim:schemas:core:2.0:User:userName', user)).toEqual(['jdoe']);
  });

  it('reads an extension', () => {
    const user = { [ENTERPRISE]: { department: 'R&D', manager: { value: 'boss' } } };
    expect(evaluate(`${ENTERPRISE}:department`, user)).toEqual(['R&D']);
    expect(evaluate(`${ENTERPRISE}:manager.value`, user)).toEqual(['boss']);
    expect(evaluate(`lower(${ENTERPRISE}:department)`, user)).toEqual(['r&d']);
  });

  it('may have brackets, commas, parentheses and quotation marks inside its filter', () => {
    const user: ScimObject = {
      emails: [
        { value: 'a', type: '],"(' },
        { value: 'b', type: 'work' },
        { value: 'c', type: 'home', primary: true },
      ],
    };
    expect(evaluate('join(",", emails[type eq "],\\"("].value, "x")', user)).toEqual(['a,x']);
    expect(evaluate('emails[not (type eq "work") and (primary eq true)].value', user)).toEqual([
      'c',
    ]);
    expect(evaluate('emails[ type eq "work" ]', user)).toEqual(['b']);
    expect(evaluate('emails[type eq "HOME"].primary', user)).toEqual(['true']);
  });

  it('does not find what every object has', () => {
    expect(evaluate('name.givenName', { name: {} })).toEqual([]);
    expect(issue('constructor')).toContain('no attribute');
    expect(issue('__proto__')).toContain('character 1: expected');
    expect(issue('name.toString')).toContain('no attribute');
  });

  it('leaves out empty text and objects where a text belongs', () => {
    expect(evaluate('emails', { emails: [{ value: '' }, { value: 'x' }, {}] })).toEqual(['x']);
    expect(evaluate('title', { title: { odd: 'object' } })).toEqual([]);
  });

  it.each([
    ['emails', 'members'],
    ['displayName', 'groups'],
  ])('reads %s of a user but not the memberships in %s', (mappable, membership) => {
    expect(issue(mappable)).toBeUndefined();
    expect(issue(membership, membership === 'members' ? groupSchema : userSchema)).toContain(
      'memberships reach the directory by themselves',
    );
  });

  it.each(['password', 'schemas', 'meta.location', 'meta.version', 'manager.$ref'])(
    'cannot be %s',
    (path) => {
      expect(issue(path)).toContain('cannot be mapped');
    },
  );
});

describe('a wrong expression', () => {
  it.each([
    ['', 1, 'expected a path, a literal or a function call, found the end'],
    ['  ', 3, 'expected a path, a literal or a function call, found the end'],
    ['lower(userName', 15, 'expected "," or ")", found the end'],
    ['lower(userName))', 16, 'expected the end of the expression, found ")"'],
    ['lower(, userName)', 7, 'expected a path, a literal or a function call, found ","'],
    ['userName title', 10, 'expected the end of the expression, found "t"'],
    ['"open', 1, 'the string is never closed'],
    ['"open\\"', 1, 'the string is never closed'],
    ['"\\x"', 1, 'not a JSON string'],
    ['"\n"', 1, 'not a JSON string'],
    ['"\\ud800"', 1, 'half a surrogate pair'],
    ['01', 1, 'expected a JSON number'],
    ['1e999', 1, 'expected a JSON number'],
    ['emails[type eq "work".value', 7, 'the bracket "[" is never closed'],
    ['emails[type eq "work', 16, 'the string is never closed'],
    ['lower(emails[type is "x"].value)', 7, 'expected a SCIM path'],
    ['lower(emails[kind eq "x"].value)', 7, '"kind" is not a sub-attribute of "emails"'],
    ['emails[type eq "x" and primary gt true]', 1, 'cannot be compared with gt'],
    ['emails[type eq "x" or not (constructor pr)]', 1, '"constructor" is not a sub-attribute'],
    ['userName[type eq "x"]', 1, '"type" is not a sub-attribute of "userName"'],
    ['name', 1, 'expected one of its sub-attributes: name.formatted'],
    [ENTERPRISE, 1, `expected one of its sub-attributes: ${ENTERPRISE}:employeeNumber`],
    ['lower()', 1, 'expected lower(value), found 0 arguments'],
    ['first(id, id)', 1, 'expected first(value), found 2 arguments'],
    ['join(",")', 1, 'expected join(separator, value[, value]...), found 1 argument'],
    ['switch(id, "a")', 1, 'expected switch(value, case, result[, case, result]...[, otherwise])'],
    ['switch(id, title, "b")', 12, 'expected a literal as "case" of switch()'],
    ['if(userName, "a")', 4, 'expected a condition'],
    ['not(default(active, "yes"))', 5, 'expected a condition'],
    ['limit(id, -1)', 11, 'expected an integer literal of 0 or more as "length" of limit()'],
    ['limit(id, 1.5)', 11, 'expected an integer literal of 0 or more'],
    ['substring(id, "1")', 15, 'expected an integer literal as "start" of substring()'],
    ['split(id, "", 0)', 11, 'expected a string literal of 1 to 200 characters'],
    ['replace(id, title, "")', 13, 'expected a string literal'],
    ['Lower(id)', 1, 'no function "Lower"; did you mean lower()?'],
    ['constructor(id)', 1, 'no function "constructor"'],
    ['emails[type eq "work"](id)', 1, 'no function'],
  ])('%j is refused at character %i: %s', (expression, position, message) => {
    const text = issue(expression);
    expect(text).toContain(message);
    expect(text).toContain(`character ${position}: `);
  });

  it.each([
    ['usrName', 'userName'],
    ['emials', 'emails'],
    ['givenName', 'name.givenName'],
    ['name.firstName', 'name.givenName'],
    ['departmnt', `${ENTERPRISE}:department`],
    ['x'.repeat(3000), undefined],
  ])('%j is answered with a hint', (expression, suggestion) => {
    const text = issue(expression) ?? '';
    expect(text).toContain('User has no attribute');
    if (suggestion === undefined) expect(text).not.toContain('did you mean');
    else expect(text).toContain(`did you mean ${suggestion}?`);
  });

  it('may not be longer or deeper than allowed', () => {
    expect(issue(`"${'x'.repeat(4095)}"`)).toContain('has 4097 characters, at most 4096');
    expect(issue(`"${'x'.repeat(4094)}"`)).toBeUndefined();
    expect(issue(`${'not('.repeat(32)}true${')'.repeat(32)}`)).toBeUndefined();
    expect(issue(`${'not('.repeat(33)}true${')'.repeat(33)}`)).toContain('nested deeper than 32');
  });
});

describe('a mapping', () => {
  it('sorts attributes by when they are written', () => {
    const mapping = compileMapping(
      [
        { attribute: 'uid', expression: 'userName', apply: 'AUTHORITATIVE' },
        { attribute: 'cn', expression: 'displayName' },
        { attribute: 'loginShell', expression: '"/bin/sh"', apply: 'INITIAL' },
        { attribute: 'description', expression: 'title', apply: 'IGNORE' },
      ],
      userSchema,
    );
    const { authoritative, initial } = evaluateMapping(mapping, mappingUser({ userName: 'jdoe' }));
    expect({ ...authoritative }).toEqual({ uid: ['jdoe'], cn: [] });
    expect({ ...initial }).toEqual({ loginShell: ['/bin/sh'] });
  });

  it('hands out lists that the caller may change', () => {
    const mapping = compileMapping([line('"a"'), line('roles', 'b')], userSchema);
    const user = mappingUser({ roles: [{ value: 'x' }] });
    const first = evaluateMapping(mapping, user).authoritative;
    first['a']?.push('changed');
    first['b']?.push('changed');
    const second = evaluateMapping(mapping, user).authoritative;
    expect({ ...second }).toEqual({ a: ['a'], b: ['x'] });
  });

  it('reports everything that is wrong at once, each at its place', () => {
    const entries = [
      line('userName', 'uid'),
      line('usrName', 'UID'),
      line('lower(', 'mail'),
      line('"x"', ' cn'),
      line('"x"', ''),
      line('"x"', 'a\nb'),
      line('"x"', 'x'.repeat(257)),
    ];
    const issues = checkMapping(entries, userSchema);
    expect(issues.map(({ path }) => path)).toEqual([
      ['1', 'attribute'],
      ['1', 'expression'],
      ['2', 'expression'],
      ['3', 'attribute'],
      ['4', 'attribute'],
      ['5', 'attribute'],
      ['6', 'attribute'],
    ]);
    expect(issues[0]?.message).toContain('"UID" is already mapped by line 1');
    const error = failure(() => compileMapping(entries, userSchema));
    expect(error.code).toBe('invalidValue');
    expect(error.message).toContain(
      '"mail": "lower(", character 7: expected a path, a literal or a function call, found the end.',
    );
    expect(error.message).toContain('did you mean userName?');
  });

  it('may not have too many lines', () => {
    const entries = Array.from({ length: 1001 }, (_, index) => line('id', `a${index}`));
    expect(checkMapping(entries, userSchema)).toEqual([
      { path: [], message: expect.stringContaining('at most 1000') as string },
    ]);
    expect(checkMapping(entries.slice(1), userSchema)).toEqual([]);
  });

  it('may map an attribute called __proto__', () => {
    const entries = ['__proto__', 'constructor', 'toString'].map((name) => line('id', name));
    const mapping = compileMapping(entries, userSchema);
    const { authoritative } = evaluateMapping(mapping, mappingUser({}));
    expect(Object.keys(authoritative)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(Object.getPrototypeOf(authoritative)).toBeNull();
    expect(({} as Record<string, unknown>)['0']).toBeUndefined();
  });

  it('maps groups', () => {
    const mapping = compileMapping([line('lower(displayName)', 'cn')], groupSchema);
    const group = { ...mappingUser({ displayName: 'Staff' }), resourceType: 'Group' };
    expect(evaluateMapping(mapping, group).authoritative['cn']).toEqual(['staff']);
  });
});

describe('evaluation', () => {
  it('takes replacements literally', () => {
    expect(evaluate('replace(title, ".", "$&$1")', { title: 'a.b' })).toEqual(['a$&$1b']);
    expect(evaluate('replace(title, "(a+)+$", "x")', { title: 'aaa' })).toEqual(['aaa']);
  });

  it('never tears a character', () => {
    const title = '👩🏽a';
    expect(evaluate('limit(title, 1)', { title })).toEqual(['👩']);
    expect(evaluate('substring(title, -1)', { title })).toEqual(['a']);
    expect(evaluate('substring(title, -9, 1)', { title })).toEqual(['👩']);
  });

  it('evaluates no branch that is not taken', () => {
    const title = 'x'.repeat(60_000);
    expect(evaluate('if(false, join("", title, title), "ok")', { title })).toEqual(['ok']);
    expect(evaluate('default("ok", join("", title, title))', { title })).toEqual(['ok']);
    expect(evaluate('switch("a", "b", join("", title, title), "ok")', { title })).toEqual(['ok']);
  });

  it('lets a condition be chosen', () => {
    expect(evaluate('not(default(active, true))')).toEqual(['false']);
    expect(evaluate('if(if(active, true, false), "a", "b")')).toEqual(['b']);
    expect(evaluate('not(active)')).toEqual(['true']);
  });

  it('takes the first of two equal cases, and booleans and numbers as cases', () => {
    expect(evaluate('switch(active, true, "a", "true", "b")', { active: true })).toEqual(['a']);
    expect(evaluate('switch("7", 7, "seven")')).toEqual(['seven']);
  });

  it.each([
    ['append(title, title)', { title: 'x'.repeat(40_000) }, 'at most 65536'],
    ['title', { title: 'x'.repeat(65_537) }, 'at most 65536'],
    [
      'join(title, roles)',
      { title: 'x'.repeat(30_000), roles: ['a', 'b', 'c', 'd'] },
      'at most 65536',
    ],
    ['replace(title, "x", title)', { title: 'x'.repeat(65_000) }, 'at most 65536'],
    ['normalise(title)', { title: '\ufdfa'.repeat(65_000) }, 'at most 65536'],
    ['roles', { roles: Array.from({ length: 10_001 }, () => 'x') }, 'more than 10000 values'],
    ['list(roles, roles)', { roles: Array.from({ length: 6000 }, () => 'x') }, 'more than 10000'],
    [
      'prepend(roles, title)',
      { title: 'x'.repeat(60_000), roles: Array.from({ length: 200 }, () => 'x') },
      'together produce more than 4194304',
    ],
  ])('%s over too much is an error that names everything', (expression, attributes, message) => {
    const values = 'roles' in attributes ? attributes.roles.map((value) => ({ value })) : [];
    const error = failure(() => evaluate(expression, { ...attributes, roles: values }));
    expect(error.code).toBe('invalidValue');
    expect(error.field).toBe('a');
    expect(error.message).toContain(message);
    expect(error.message).toContain(`"a" <- ${JSON.stringify(expression)}: `);
    expect(error.message).toMatch(/\(value: ".{1,81}"\)\.$/u);
  });

  it('costs no more than its size, however it is nested', () => {
    const roles = Array.from({ length: 9000 }, (_, index) => ({ value: `role-${index}` }));
    let expression = 'roles';
    for (let depth = 0; depth < 30; depth += 1) {
      expression = `switch(roles, "role-0", ${expression}, "${depth}")`;
    }
    // Processor time: what else the machine has to do says nothing about this.
    const start = process.cpuUsage();
    failure(() => evaluate(expression, { roles }));
    failure(() =>
      evaluate(
        `list(${Array.from({ length: 1000 }, () => 'id').join()}, ${'roles,'.repeat(100)} id)`,
        { roles },
      ),
    );
    const { user, system } = process.cpuUsage(start);
    expect(user + system).toBeLessThan(2_000_000);
  });
});
