/** Mappings that name the entries of other resources. */
import { compileMapping, evaluateMapping, withEntryNames } from '../../../src/domain/mapping';
import { checkUserAttributes } from '../../../src/domain/profile';
import { mappingUser, userSchema } from './mapping-user';

const id = (serial: number): string =>
  `26118915-6090-4610-87e4-${String(serial).padStart(12, '0')}`;

function evaluating(expression: string, emails: readonly string[] = []) {
  const mapping = compileMapping([{ attribute: 'a', expression }], userSchema);
  const user = mappingUser({ userName: id(1), emails: emails.map((value) => ({ value })) });
  const asked: (readonly string[])[] = [];
  const find = async (ids: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    asked.push(ids);
    return new Map(ids.filter((one) => one !== id(9)).map((one) => [one, `cn=${one.slice(-1)}`]));
  };
  const result = withEntryNames(
    (entries) => evaluateMapping(mapping, user, entries).authoritative['a'],
    find,
  );
  return { mapping, result, asked };
}

test('names are looked up once, and nobody is asked where none is needed', async () => {
  const { result, asked, mapping } = evaluating('entryName(emails)', [id(2), id(9), id(3)]);
  expect(await result).toEqual(['cn=2', 'cn=3']);
  expect(asked).toEqual([[id(2), id(9), id(3)]]);
  expect(mapping.refers).toBe(true);
  const plain = evaluating('userName');
  expect(await plain.result).toEqual([id(1)]);
  expect(plain.asked).toEqual([]);
  expect(plain.mapping.refers).toBe(false);
});

test('which names are needed may depend on names', async () => {
  const expression =
    'if(exists(entryName(emails)), "known", required(entryName(userName), "Nobody."))';
  const { result, asked } = evaluating(expression, [id(9)]);
  expect(await result).toEqual([id(1)].map(() => 'cn=1'));
  expect(asked).toEqual([[id(9), id(1)]]);
});

test('what demands a name fails only when it is known that there is none', async () => {
  const known = evaluating('required(entryName(userName), "A name is needed.")');
  expect(await known.result).toEqual(['cn=1']);
  const unknown = evaluating('required(entryName(emails), "A name is needed.")', [id(9)]);
  await expect(unknown.result).rejects.toThrow('A name is needed.');
});

test('what is no id of a resource is not looked up, and not too many are', async () => {
  const odd = evaluating('entryName(emails)', ['boss', '', '$where', '../x']);
  expect(await odd.result).toEqual([]);
  expect(odd.asked).toEqual([]);
  const many = Array.from({ length: 101 }, (_, serial) => id(serial));
  await expect(evaluating('entryName(emails)', many).result).rejects.toThrow(/more than 100/);
});

test('user attributes cannot use it, and wrong ones are told where', () => {
  expect(checkUserAttributes({ title: 'entryName(userName)' }, userSchema)).toMatchObject([
    { path: ['title'], message: expect.stringContaining('entryName()') },
  ]);
  expect(() =>
    compileMapping([{ attribute: 'manager', expression: 'entryName()' }], userSchema),
  ).toThrow('"entryName()", character 1: expected entryName(value), found 0 arguments.');
});
