import { randomUUID } from 'node:crypto';
import { errorResponse } from '../../../src/scim/error';
import { FoundIds } from '../../../src/store/searched-memberships';

const ids = (count: number): readonly string[] => Array<string>(count).fill(randomUUID());

function refused(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return errorResponse(error);
  }
  return undefined;
}

it('7644-3.4.2.1-2 a filter that finds more ids than a query can hold is 400 tooMany', () => {
  const tooMany = { status: 400, body: { scimType: 'tooMany' } };
  expect(new FoundIds().add(ids(200_000))).toHaveLength(200_000);
  expect(refused(() => new FoundIds().add(ids(200_001)))).toMatchObject(tooMany);
  // All of them stand in one query, whichever condition found them.
  const found = new FoundIds();
  found.add(ids(150_000));
  expect(found.limit).toBe(50_001);
  expect(refused(() => found.add(ids(50_001)))).toMatchObject(tooMany);
});
