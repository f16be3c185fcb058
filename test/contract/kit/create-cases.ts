/** Making an entry, seeing it again, and finding it by what it is called. */
import { type Entry } from '../../../connectors/spi';
import { call, failure, type Subject } from './subject';

export function describeCreate(subject: Subject): void {
  const { fixture } = subject;

  it('writes what read gives back', async () => {
    const name = subject.fresh('written');
    const written = await subject.make('user', name);
    expect(written.reference).not.toBe('');
    const entry = await subject.connector.read('user', written, call());
    expect(entry).toMatchObject({ reference: written.reference, name: written.name });
    expect(entry?.active).toBe(true);
    expect(entry?.attributes).toMatchObject(fixture.user(name));
    expect(await subject.raw('user', name)).toMatchObject(fixture.user(name));
    if (fixture.storesOwner !== false) expect(entry?.owner).toBe(`owner-${name}`);
  });

  it('answers at least the attributes that are asked for, and always whether the entry is active', async () => {
    const name = subject.fresh('asked');
    const naming = subject.naming('user');
    const written = await subject.make('user', name);
    const read = (attributes: readonly string[]): Promise<Entry | undefined> =>
      subject.connector.read('user', written, { ...call(), attributes });
    const entry = await read([naming]);
    const { reference } = written;
    expect(entry).toMatchObject({ reference, name: written.name, active: true });
    expect(entry?.attributes[naming]).toEqual(fixture.user(name)[naming]);
    expect(await read([])).toMatchObject({ reference, active: true });
  });

  it('calls a taken name a conflict and makes no second entry', async () => {
    const name = subject.fresh('taken');
    const first = await subject.make('user', name);
    const before = await subject.count('user');
    const error = await failure(subject.make('user', name));
    expect([error.kind, error.outcome]).toEqual(['conflict', 'none']);
    expect(await subject.count('user')).toBe(before);
    expect(await subject.connector.read('user', first, call())).toBeDefined();
  });

  subject.itWithGroups('calls the taken name of a group a conflict too', async () => {
    const name = subject.fresh('taken');
    await subject.make('group', name);
    const error = await failure(subject.make('group', name));
    expect([error.kind, error.outcome]).toEqual(['conflict', 'none']);
  });

  it('knows no entry behind a strange reference', async () => {
    const real = await subject.make('user', subject.fresh('real'));
    const strange = { reference: real.reference.replace(/[0-9a-f]$/, 'z'), name: real.name };
    const nothing = { reference: 'no such reference', name: 'no such name' };
    for (const ref of [strange, nothing]) {
      expect(await subject.connector.read('user', ref, call())).toBeUndefined();
    }
  });

  it('correlates none, one, and only what matches every key', async () => {
    const name = subject.fresh('key');
    const written = await subject.make('user', name);
    const attribute = subject.naming('user');
    const value = fixture.user(name)[subject.changed]?.[0] ?? '';
    const by = async (...keys: [string, string][]): Promise<readonly Entry[]> =>
      subject.connector.correlate(
        'user',
        keys.map(([key, wanted]) => ({ attribute: key, value: wanted })),
        call(),
      );
    expect(await by([attribute, subject.fresh('nobody')])).toEqual([]);
    expect(await by()).toEqual([]);
    expect(await by([attribute, ''])).toEqual([]);
    expect((await by([attribute, name]))[0]?.reference).toBe(written.reference);
    expect(await by([attribute, name], [subject.changed, value])).toHaveLength(1);
    expect(await by([attribute, name], [subject.changed, 'other'])).toEqual([]);
    expect(await by([attribute, '*'])).toEqual([]);
  });

  it('calls what it does not do unsupported', async () => {
    if (subject.groups) return;
    const desired = { attributes: subject.attributes('user', subject.fresh('no')), active: true };
    const error = await failure(subject.connector.create('group', desired, 'owner', call()));
    expect([error.kind, error.outcome]).toEqual(['unsupported', 'none']);
  });
}
