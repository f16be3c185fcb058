/** Switching accounts off and on, setting passwords, removing entries. */
import { call, failure, type Subject } from './subject';

export function describeActivation(subject: Subject): void {
  const native = (): boolean => subject.can().activation === 'native';

  it('is refused where the directory knows none', async () => {
    if (native()) return;
    const written = await subject.make('user', subject.fresh('always'));
    const error = await failure(subject.connector.setActive('user', written, false, call()));
    expect([error.kind, error.outcome]).toEqual(['unsupported', 'none']);
  });

  it('goes off and on and keeps everything else', async () => {
    if (!native()) return;
    const name = subject.fresh('switch');
    const written = await subject.make('user', name);
    for (const active of [false, false, true, true]) {
      const after = await subject.connector.setActive('user', written, active, call());
      expect(after.reference).toBe(written.reference);
      expect((await subject.connector.read('user', written, call()))?.active).toBe(active);
      expect(await subject.raw('user', name)).toMatchObject(subject.fixture.user(name));
      if (subject.directory.active) expect(await subject.directory.active(name)).toBe(active);
    }
  });

  it('is off from the start when so desired', async () => {
    if (!native()) return;
    const name = subject.fresh('inactive');
    const written = await subject.make('user', name, false);
    expect((await subject.connector.read('user', written, call()))?.active).toBe(false);
    await subject.flush();
    if (subject.directory.active) expect(await subject.directory.active(name)).toBe(false);
  });

  it('stays as it is when something else changes', async () => {
    if (!native()) return;
    const name = subject.fresh('off');
    const written = await subject.make('user', name, false);
    await subject.change(written, 'changed while off');
    expect(await subject.connector.read('user', written, call())).toMatchObject({ active: false });
    if (subject.can().rename) await subject.rename(written, subject.fresh('off'));
    expect(await subject.connector.read('user', written, call())).toMatchObject({ active: false });
  });

  it('of an entry that is gone is notFound', async () => {
    if (!native()) return;
    const written = await subject.make('user', subject.fresh('gone'));
    await subject.connector.remove('user', written, call());
    const error = await failure(subject.connector.setActive('user', written, false, call()));
    expect([error.kind, error.outcome]).toEqual(['notFound', 'none']);
  });
}

export function describePasswords(subject: Subject): void {
  it('are set and never shown', async () => {
    const { connector, directory } = subject;
    if (!connector.setPassword) return;
    const name = subject.fresh('password');
    const written = await subject.make('user', name);
    const password = 'Pässwort "mit" \\ allem 1!';
    await connector.setPassword(written, password, call());
    await subject.flush();
    if (directory.authenticates) {
      expect(await directory.authenticates(name, password)).toBe(true);
      expect(await directory.authenticates(name, `${password}x`)).toBe(false);
    }
    const entry = await connector.read('user', written, call());
    const shown = JSON.stringify([entry, subject.log]);
    expect(shown.includes(JSON.stringify(password).slice(1, -1))).toBe(false);
  });

  it('of an entry that is gone are notFound', async () => {
    const { connector } = subject;
    if (!connector.setPassword) return;
    const written = await subject.make('user', subject.fresh('gone'));
    await connector.remove('user', written, call());
    const error = await failure(connector.setPassword(written, 'Pässwort 1!', call()));
    expect([error.kind, error.outcome]).toEqual(['notFound', 'none']);
    expect(error.message).not.toContain('Pässwort');
  });
}

export function describeRemove(subject: Subject): void {
  it('is content when the entry is already gone', async () => {
    const name = subject.fresh('removed');
    const written = await subject.make('user', name);
    for (let round = 0; round < 3; round += 1) {
      await subject.connector.remove('user', written, call());
      expect(await subject.raw('user', name)).toBeUndefined();
      expect(await subject.connector.read('user', written, call())).toBeUndefined();
    }
  });

  it('frees the name', async () => {
    const name = subject.fresh('freed');
    await subject.connector.remove('user', await subject.make('user', name), call());
    await subject.make('user', name);
    expect(await subject.raw('user', name)).toMatchObject(subject.fixture.user(name));
  });

  subject.itWithGroups('takes groups too, with their members', async () => {
    const name = subject.fresh('group');
    const written = await subject.make('group', name);
    const member = await subject.make('user', subject.fresh('m'));
    await subject.connector.members(written, { add: [member], remove: [] }, call());
    for (let round = 0; round < 2; round += 1) {
      await subject.connector.remove('group', written, call());
      expect(await subject.raw('group', name)).toBeUndefined();
    }
    await subject.make('group', name);
    expect(await subject.members(name)).toEqual([]);
  });
}
