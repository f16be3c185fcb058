/** Changing an entry: one call, all or nothing, by a reference that outlives its name. */
import { call, failure, outcomeOf, type Subject } from './subject';

export function describeUpdate(subject: Subject): void {
  const { fixture } = subject;
  const change = (...values: string[]) => [{ attribute: subject.changed, replace: values }];

  it('replaces one attribute and leaves the others', async () => {
    const name = subject.fresh('replace');
    const written = await subject.make('user', name);
    const after = await subject.change(written, 'Änderung');
    expect(after.reference).toBe(written.reference);
    const expected = { ...fixture.user(name), [subject.changed]: ['Änderung'] };
    expect(await subject.raw('user', name)).toMatchObject(expected);
    await subject.change(after, 'Änderung');
    expect(await subject.raw('user', name)).toMatchObject(expected);
  });

  it('removes an attribute, also one that is not there', async () => {
    if (!subject.optional) return;
    const name = subject.fresh('remove');
    const written = await subject.make('user', name);
    for (let round = 0; round < 2; round += 1) {
      await subject.connector.update('user', written, change(), call());
      expect((await subject.raw('user', name))?.[subject.changed] ?? []).toEqual([]);
    }
  });

  it('adds and removes values in one call, twice without harm', async () => {
    if (fixture.multiValued === undefined) return;
    const attribute = fixture.multiValued;
    const name = subject.fresh('values');
    const written = await subject.make('user', name);
    const seed = [{ attribute, replace: ['one', 'two', 'three'] }];
    await subject.connector.update('user', written, seed, call());
    const changes = [
      { attribute, add: ['four', 'two'], remove: ['one', 'missing'] },
      ...change('also'),
    ];
    for (let round = 0; round < 2; round += 1) {
      await subject.connector.update('user', written, changes, call());
      const entry = await subject.raw('user', name);
      expect([...(entry?.[attribute] ?? [])].sort()).toEqual(['four', 'three', 'two']);
      expect(entry?.[subject.changed]).toEqual(['also']);
    }
  });

  it('does nothing for no changes', async () => {
    const written = await subject.make('user', subject.fresh('nothing'));
    const after = await subject.connector.update('user', written, [], call());
    expect(after).toMatchObject({ reference: written.reference, name: written.name });
  });

  it('keeps a value whole or refuses it, naming the attribute', async () => {
    const name = subject.fresh('values');
    const written = await subject.make('user', name);
    const values = [
      'x'.repeat(100_000),
      ' spaces ',
      'two\nlines',
      'tab\t',
      'nul\0',
      '\u{1f600}',
      '0',
      '\\',
    ];
    for (const value of values) {
      const outcome = await outcomeOf(subject.change(written, value));
      if ('error' in outcome) {
        const { kind, attribute } = outcome.error;
        expect({ value: value.slice(0, 20), kind, attribute }).toMatchObject({
          kind: 'invalid',
          attribute: subject.changed,
        });
        continue;
      }
      const entry = await subject.connector.read('user', written, call());
      expect(entry?.attributes[subject.changed]).toEqual([value]);
    }
  });

  it('takes an empty value for none, keeps it, or refuses it, naming the attribute', async () => {
    if (!subject.optional) return;
    const written = await subject.make('user', subject.fresh('empty'));
    const outcome = await outcomeOf(subject.change(written, ''));
    if ('error' in outcome) {
      expect(outcome.error).toMatchObject({ kind: 'invalid', attribute: subject.changed });
      return;
    }
    const entry = await subject.connector.read('user', written, call());
    expect([[], ['']]).toContainEqual(entry?.attributes[subject.changed] ?? []);
  });

  it('refuses half a character in a value, naming the attribute', async () => {
    const name = subject.fresh('bad');
    const written = await subject.make('user', name);
    const { kind, outcome, attribute } = await failure(subject.change(written, 'half\ud83d'));
    expect([kind, outcome, attribute]).toEqual(['invalid', 'none', subject.changed]);
    expect(await subject.raw('user', name)).toMatchObject(fixture.user(name));
  });

  it('calls a removed entry notFound', async () => {
    const written = await subject.make('user', subject.fresh('gone'));
    await subject.connector.remove('user', written, call());
    const error = await failure(subject.change(written, 'x'));
    expect([error.kind, error.outcome]).toEqual(['notFound', 'none']);
  });

  it('never touches another entry that took the name', async () => {
    const name = subject.fresh('successor');
    const first = await subject.make('user', name);
    await subject.connector.remove('user', first, call());
    const second = await subject.make('user', name);
    expect(second.reference).not.toBe(first.reference);
    expect((await failure(subject.change(first, 'hijacked'))).kind).toBe('notFound');
    await subject.connector.remove('user', first, call());
    expect(await subject.connector.read('user', first, call())).toBeUndefined();
    expect(await subject.raw('user', name)).toMatchObject(fixture.user(name));
  });
}

export function describeRename(subject: Subject): void {
  const { fixture } = subject;
  const itRenames = (name: string, test: () => Promise<void>): void => {
    it(name, async () => {
      if (subject.can().rename) await test();
    });
  };

  itRenames('changes the name, never the reference, and frees the old name', async () => {
    const [from, to] = [subject.fresh('before'), subject.fresh('after')];
    const written = await subject.make('user', from);
    const after = await subject.rename(written, to);
    expect(after.reference).toBe(written.reference);
    expect(after.name).not.toBe(written.name);
    expect(await subject.raw('user', from)).toBeUndefined();
    const entry = await subject.raw('user', to);
    expect(entry?.[subject.naming('user')]).toEqual([to]);
    expect(entry?.[subject.changed]).toEqual(['renamed']);
    await subject.make('user', from);
  });

  itRenames('works by a name that has become stale', async () => {
    const written = await subject.make('user', subject.fresh('stale'));
    const current = subject.fresh('current');
    await subject.rename(written, current);
    const entry = await subject.connector.read('user', written, call());
    expect(entry?.attributes[subject.naming('user')]).toEqual([current]);
    const again = subject.fresh('again');
    const after = await subject.rename(written, again);
    expect(after.reference).toBe(written.reference);
    await subject.connector.remove('user', written, call());
    expect(await subject.raw('user', again)).toBeUndefined();
  });

  itRenames('to the name it has already does no harm', async () => {
    const name = subject.fresh('same');
    const written = await subject.make('user', name);
    const after = await subject.rename(written, name);
    expect(after).toMatchObject({ reference: written.reference, name: written.name });
    expect((await subject.raw('user', name))?.[subject.changed]).toEqual(['renamed']);
  });

  itRenames('changes upper and lower case', async () => {
    const name = subject.fresh('case');
    const written = await subject.make('user', name);
    const after = await subject.rename(written, name.toUpperCase());
    expect(after.reference).toBe(written.reference);
    const entry = await subject.connector.read('user', after, call());
    expect(entry?.attributes[subject.naming('user')]).toEqual([name.toUpperCase()]);
  });

  itRenames('calls a taken name a conflict', async () => {
    const taken = subject.fresh('occupied');
    await subject.make('user', taken);
    const name = subject.fresh('mover');
    const error = await failure(subject.rename(await subject.make('user', name), taken));
    expect([error.kind, error.outcome]).toEqual(['conflict', 'none']);
    expect(await subject.raw('user', name)).toMatchObject(fixture.user(name));
    expect(await subject.raw('user', taken)).toMatchObject(fixture.user(taken));
  });
}
