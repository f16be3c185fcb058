/** Names from outside are hostile: each is carried whole through every call, or refused before anything is touched. */
import { type EntryKind } from '../../../connectors/spi';
import { NASTY_NAMES, RESERVED_NAMES } from './names';
import { call, failure, type Subject } from './subject';

export function describeNames(subject: Subject): void {
  const { fixture } = subject;
  const refused: readonly string[] = fixture.names?.refused ?? [];
  const accepted = [...NASTY_NAMES, ...RESERVED_NAMES, ...(fixture.names?.accepted ?? [])].filter(
    (name) => !refused.includes(name),
  );

  it.each(accepted)('carries a user %j through every call', async (name) => {
    const { connector } = subject;
    const written = await subject.make('user', name);
    const entry = await connector.read('user', written, call());
    expect(entry?.attributes[subject.naming('user')]).toEqual([name]);
    expect(await subject.raw('user', name)).toBeDefined();
    expect((await subject.named(name)).map((one) => one.reference)).toEqual([written.reference]);
    const changed = await subject.change(written, 'changed');
    expect((await subject.raw('user', name))?.[subject.changed]).toEqual(['changed']);
    if (subject.can().activation === 'native') {
      await connector.setActive('user', changed, false, call());
      expect(await connector.read('user', changed, call())).toMatchObject({ active: false });
      if (subject.directory.active) {
        await subject.flush();
        expect(await subject.directory.active(name)).toBe(false);
      }
    }
    await connector.remove('user', changed, call());
    expect(await subject.raw('user', name)).toBeUndefined();
  });

  it.each(accepted)('renames to %j and back', async (name) => {
    if (!subject.can().rename) return;
    const written = await subject.rename(await subject.make('user', subject.fresh('plain')), name);
    expect((await subject.raw('user', name))?.[subject.naming('user')]).toEqual([name]);
    const back = await subject.rename(written, subject.fresh('plain'));
    expect(await subject.raw('user', name)).toBeUndefined();
    await subject.connector.remove('user', back, call());
  });

  subject.itWithGroups('carries them as groups, and as members of each other', async () => {
    const { connector } = subject;
    for (const name of accepted) {
      const group = await subject.make('group', name);
      const user = await subject.make('user', name);
      expect(await subject.members(name)).toEqual([]);
      await connector.members(group, { add: [user], remove: [] }, call());
      expect(await subject.raw('group', name)).toBeDefined();
      const members = await subject.members(name);
      expect({ name, members: members.length }).toEqual({ name, members: 1 });
      await connector.members(group, { add: [], remove: [user] }, call());
      expect(await subject.members(name)).toEqual([]);
      await connector.remove('user', user, call());
      await connector.remove('group', group, call());
      expect(await subject.raw('group', name)).toBeUndefined();
    }
  });

  const hopeless = ['', 'nul\0byte', 'half\ud83d', 'x'.repeat(100_000), ...refused];
  const shown = hopeless.map((name): [string, string] => [name.slice(0, 20), name]);

  it.each(shown)('refuses a user %j... and touches nothing', async (_start, name) => {
    const before = await subject.count('user');
    await expectRefused('user', subject.make('user', name));
    expect(await subject.count('user')).toBe(before);
  });

  it.each(shown)('refuses to rename to %j... and touches nothing', async (_start, name) => {
    if (!subject.can().rename) return;
    const old = subject.fresh('unchanged');
    const written = await subject.make('user', old);
    await expectRefused('user', subject.rename(written, name));
    expect(await subject.raw('user', old)).toMatchObject(fixture.user(old));
  });

  subject.itWithGroups('refuses groups without a name, or with NUL in it', async () => {
    const before = await subject.count('group');
    for (const name of ['', 'nul\0byte']) await expectRefused('group', subject.make('group', name));
    expect(await subject.count('group')).toBe(before);
  });

  async function expectRefused(kind: EntryKind, writing: Promise<unknown>): Promise<void> {
    const error = await failure(writing);
    const { outcome, attribute } = error;
    expect({ kind: error.kind, outcome, attribute }).toEqual({
      kind: 'invalid',
      outcome: 'none',
      attribute: subject.naming(kind),
    });
  }
}
