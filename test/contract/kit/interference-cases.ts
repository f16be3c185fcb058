/** Others write too: at the same time, and behind our back. */
import { call, failure, outcomeOf, type Subject } from './subject';

export function describeInterference(subject: Subject): void {
  const { fixture } = subject;

  it('lets exactly one of many that create the same name win', async () => {
    const name = subject.fresh('wanted');
    const before = await subject.count('user');
    const other = subject.open();
    const attempts = Array.from({ length: 8 }, (_, index) =>
      outcomeOf(subject.makeBy(index % 2 ? other : subject.connector, 'user', name)),
    );
    const outcomes = await Promise.all(attempts);
    const kinds = outcomes.map((outcome) => ('error' in outcome ? outcome.error.kind : 'made'));
    expect([...kinds].sort()).toEqual([...Array<string>(7).fill('conflict'), 'made']);
    expect(await subject.count('user')).toBe(before + 1);
  });

  it('makes different entries at the same time', async () => {
    const names = Array.from({ length: 40 }, () => subject.fresh('parallel'));
    const written = await Promise.all(names.map((name) => subject.make('user', name)));
    expect(new Set(written.map(({ reference }) => reference)).size).toBe(names.length);
    for (const name of names) {
      expect(await subject.raw('user', name)).toMatchObject(fixture.user(name));
    }
  });

  it('keeps values that are added to one entry at the same time', async () => {
    const attribute = fixture.multiValued;
    if (attribute === undefined) return;
    const name = subject.fresh('shared');
    const written = await subject.make('user', name);
    const values = Array.from({ length: 8 }, (_, index) => `value ${index}`);
    await Promise.all(
      values.map((value) =>
        subject.connector.update(
          'user',
          written,
          [{ attribute, add: [value], remove: [] }],
          call(),
        ),
      ),
    );
    expect((await subject.raw('user', name))?.[attribute]).toEqual(expect.arrayContaining(values));
  });

  it('sees what somebody else changed, and changes only what it is told to', async () => {
    const name = subject.fresh('theirs');
    const other = subject.open();
    const written = await subject.make('user', name);
    await subject.change(written, 'theirs', other);
    await other.flush?.(call());
    const entry = await subject.connector.read('user', written, call());
    expect(entry?.attributes[subject.changed]).toEqual(['theirs']);
    if (subject.can().activation !== 'native') return;
    await subject.connector.setActive('user', written, false, call());
    expect((await subject.raw('user', name))?.[subject.changed]).toEqual(['theirs']);
  });

  it('finds an entry that somebody else renamed', async () => {
    if (!subject.can().rename) return;
    const written = await subject.make('user', subject.fresh('old'));
    const name = subject.fresh('new');
    const other = subject.open();
    await subject.rename(written, name, other);
    await other.flush?.(call());
    const entry = await subject.connector.read('user', written, call());
    expect(entry?.attributes[subject.naming('user')]).toEqual([name]);
    const after = await subject.change(written, 'found');
    expect(after).toMatchObject({ reference: written.reference, name: entry?.name });
    expect((await subject.raw('user', name))?.[subject.changed]).toEqual(['found']);
    if (subject.can().activation === 'native') {
      await subject.connector.setActive('user', written, false, call());
    }
    await subject.connector.remove('user', written, call());
    expect(await subject.raw('user', name)).toBeUndefined();
  });

  it('misses an entry that somebody else removed', async () => {
    const written = await subject.make('user', subject.fresh('gone'));
    const other = subject.open();
    await other.remove('user', written, call());
    await other.flush?.(call());
    expect(await subject.connector.read('user', written, call())).toBeUndefined();
    expect((await failure(subject.change(written, 'x'))).kind).toBe('notFound');
    await subject.connector.remove('user', written, call());
  });

  subject.itWithGroups('completes a group that somebody else changed', async () => {
    const group = subject.fresh('group');
    const written = await subject.make('group', group);
    const people = [subject.fresh('m'), subject.fresh('m'), subject.fresh('m')].sort();
    const refs = await Promise.all(people.map((name) => subject.make('user', name)));
    const other = subject.open();
    await other.members(written, { add: refs.slice(0, 2), remove: [] }, call());
    await subject.connector.members(
      written,
      { add: refs.slice(1), remove: refs.slice(0, 1) },
      call(),
    );
    expect(await subject.members(group)).toEqual(people.slice(1));
  });
}
