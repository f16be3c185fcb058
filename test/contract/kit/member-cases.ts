/** Groups: members come and go by deltas, however many there are. */
import { call, failure, type Subject } from './subject';

const TOGETHER = 20;

export function describeMembers(subject: Subject): void {
  const members = (...args: Parameters<typeof subject.connector.members>) =>
    subject.connector.members(...args);

  subject.itWithGroups('come and go, and doing it twice is harmless', async () => {
    const group = subject.fresh('group');
    const written = await subject.make('group', group);
    const people = [subject.fresh('m'), subject.fresh('m'), subject.fresh('m')].sort();
    const refs = await Promise.all(people.map((name) => subject.make('user', name)));
    expect(await subject.members(group)).toEqual([]);
    for (let round = 0; round < 2; round += 1) {
      const after = await members(written, { add: refs, remove: [] }, call());
      expect(after.reference).toBe(written.reference);
      expect(await subject.members(group)).toEqual(people);
    }
    for (let round = 0; round < 2; round += 1) {
      await members(written, { add: refs.slice(2), remove: refs.slice(0, 1) }, call());
      expect(await subject.members(group)).toEqual(people.slice(1));
    }
    for (let round = 0; round < 2; round += 1) {
      await members(written, { add: [], remove: refs }, call());
      expect(await subject.members(group)).toEqual([]);
    }
    await members(written, { add: refs.slice(0, 1), remove: [] }, call());
    expect(await subject.members(group)).toEqual(people.slice(0, 1));
  });

  subject.itWithGroups('leave although their entry is gone', async () => {
    const group = subject.fresh('group');
    const written = await subject.make('group', group);
    const [stays, goes] = [subject.fresh('stays'), subject.fresh('goes')];
    const refs = [await subject.make('user', stays), await subject.make('user', goes)] as const;
    await members(written, { add: refs, remove: [] }, call());
    await subject.connector.remove('user', refs[1], call());
    await members(written, { add: [], remove: [refs[1]] }, call());
    expect(await subject.members(group)).toEqual([stays]);
  });

  subject.itWithGroups('that do not exist keep no other out', async () => {
    const group = subject.fresh('group');
    const written = await subject.make('group', group);
    const [stays, gone] = [subject.fresh('stays'), subject.fresh('gone')];
    const refs = [await subject.make('user', stays), await subject.make('user', gone)] as const;
    await subject.connector.remove('user', refs[1], call());
    await members(written, { add: refs, remove: [] }, call());
    expect(await subject.members(group)).toContain(stays);
  });

  subject.itWithGroups('of a group that is gone are notFound', async () => {
    const written = await subject.make('group', subject.fresh('group'));
    await subject.connector.remove('group', written, call());
    const person = await subject.make('user', subject.fresh('m'));
    const error = await failure(members(written, { add: [person], remove: [] }, call()));
    expect([error.kind, error.outcome]).toEqual(['notFound', 'none']);
  });

  subject.itWithGroups('are still there after a rename, and their former name is not', async () => {
    if (!subject.can().rename) return;
    const [group, renamed] = [subject.fresh('group'), subject.fresh('renamed')];
    const written = await subject.make('group', group);
    const ref = await subject.make('user', subject.fresh('m'));
    await members(written, { add: [ref], remove: [] }, call());
    const changes = [{ attribute: subject.naming('user'), replace: [renamed] }];
    const after = await subject.connector.update('user', ref, changes, call());
    for (let round = 0; round < 2; round += 1) {
      await members(written, { add: [after], remove: [], formerNames: [ref.name] }, call());
      expect(await subject.members(group)).toEqual([renamed]);
    }
  });

  subject.itWithGroups('survive a rename of their group', async () => {
    if (!subject.can().rename) return;
    const [group, renamed] = [subject.fresh('group'), subject.fresh('renamed')];
    const written = await subject.make('group', group);
    const person = subject.fresh('m');
    const ref = await subject.make('user', person);
    await members(written, { add: [ref], remove: [] }, call());
    const changes = [{ attribute: subject.naming('group'), replace: [renamed] }];
    const after = await subject.connector.update('group', written, changes, call());
    expect(after.reference).toBe(written.reference);
    expect(await subject.members(renamed)).toEqual([person]);
  });

  subject.itWithGroups('added at the same time are all there', async () => {
    const group = subject.fresh('group');
    const written = await subject.make('group', group);
    const people = Array.from({ length: 8 }, () => subject.fresh('m')).sort();
    const refs = await Promise.all(people.map((name) => subject.make('user', name)));
    await Promise.all(refs.map((ref) => members(written, { add: [ref], remove: [] }, call())));
    expect(await subject.members(group)).toEqual(people);
    await Promise.all(refs.map((ref) => members(written, { add: [], remove: [ref] }, call())));
    expect(await subject.members(group)).toEqual([]);
  });

  subject.itWithGroups(
    'may be more than fit in one request',
    async () => {
      const size = subject.fixture.groupSize ?? 1_100;
      const group = subject.fresh('large');
      const written = await subject.make('group', group);
      const people = Array.from({ length: size }, () => subject.fresh('l'));
      const refs = [];
      for (let start = 0; start < size; start += TOGETHER) {
        const some = people.slice(start, start + TOGETHER);
        refs.push(...(await Promise.all(some.map((name) => subject.make('user', name)))));
      }
      await members(written, { add: refs, remove: [] }, call(60_000));
      expect(await subject.members(group)).toEqual([...people].sort());
      const leaving = refs.slice(0, size - 3);
      await members(written, { add: [], remove: leaving }, call(60_000));
      expect(await subject.members(group)).toEqual(people.slice(size - 3).sort());
    },
    180_000,
  );
}
