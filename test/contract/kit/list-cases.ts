/** Listing: every entry once, or an error; never fewer without a word. */
import { type Entry } from '../../../connectors/spi';
import { call, collect, failure, outcomeOf, type Subject } from './subject';

export function describeList(subject: Subject): void {
  const size = subject.fixture.listSize ?? 120;
  let listed: readonly string[] = [];

  beforeAll(async () => {
    listed = Array.from({ length: size }, () => subject.fresh('listed'));
    await Promise.all(listed.map((name) => subject.make('user', name)));
    await subject.flush();
  });

  const namesOf = (entries: readonly Entry[]): (string | undefined)[] =>
    entries.map((entry) => entry.attributes[subject.naming('user')]?.[0]);

  /** Which of those that are always there the entries lack. */
  const missingIn = (entries: readonly Entry[]): readonly string[] => {
    const names = new Set(namesOf(entries));
    return listed.filter((name) => !names.has(name));
  };

  const expectOnce = (entries: readonly Entry[]): void => {
    expect(new Set(entries.map((entry) => entry.reference)).size).toBe(entries.length);
  };

  it('yields every entry once, across pages', async () => {
    const entries = await collect(subject.connector.list('user', call()));
    expect(entries).toHaveLength(await subject.count('user'));
    expectOnce(entries);
    expect(missingIn(entries)).toEqual([]);
  });

  subject.itWithGroups('keeps users and groups apart', async () => {
    const name = subject.fresh('group');
    await subject.make('group', name);
    await subject.flush();
    const entries = await collect(subject.connector.list('group', call()));
    expect(entries).toHaveLength(await subject.count('group'));
    expectOnce(entries);
    const names = entries.map((entry) => entry.attributes[subject.naming('group')]?.[0]);
    expect(names).toContain(name);
  });

  it('yields what stays exactly once while others come and go', async () => {
    const goers = Array.from({ length: 20 }, () => subject.fresh('goer'));
    const going = await Promise.all(goers.map((name) => subject.make('user', name)));
    await subject.flush();
    const entries: Entry[] = [];
    for await (const entry of subject.connector.list('user', call())) {
      entries.push(entry);
      if (entries.length % 5 !== 1) continue;
      const leaver = going.pop();
      if (leaver) await subject.connector.remove('user', leaver, call());
      if (going.length > 0) await subject.make('user', subject.fresh('comer'));
    }
    expectOnce(entries);
    expect(missingIn(entries)).toEqual([]);
  });

  it('may be run twice at the same time', async () => {
    const lists = [1, 2].map(() => collect(subject.connector.list('user', call())));
    for (const entries of await Promise.all(lists)) {
      expect(missingIn(entries)).toEqual([]);
    }
  });

  it('may be left early', async () => {
    for await (const entry of subject.connector.list('user', call())) {
      expect(entry.reference).not.toBe('');
      break;
    }
    const written = await subject.make('user', subject.fresh('later'));
    expect(await subject.connector.read('user', written, call())).toBeDefined();
  });

  it('never ends early without an error when it is given up', async () => {
    const controller = new AbortController();
    const entries: Entry[] = [];
    const outcome = await outcomeOf(
      (async () => {
        for await (const entry of subject.connector.list('user', controller)) {
          entries.push(entry);
          controller.abort();
        }
      })(),
    );
    if ('error' in outcome) expect(outcome.error.kind).toBe('timeout');
    else expect(missingIn(entries)).toEqual([]);
  });

  it('throws where it cannot go on', async () => {
    if (!subject.directory.kill || !subject.directory.restart) return;
    await subject.directory.kill();
    const error = await failure(collect(subject.connector.list('user', call())));
    expect(['unavailable', 'timeout']).toContain(error.kind);
    await subject.directory.restart();
  });

  it('throws when the directory dies on the way', async () => {
    if (!subject.directory.kill || !subject.directory.restart) return;
    const entries: Entry[] = [];
    const outcome = await outcomeOf(
      (async () => {
        for await (const entry of subject.connector.list('user', call())) {
          if (entries.push(entry) === 1) await subject.directory.kill?.();
        }
      })(),
    );
    await subject.directory.restart?.();
    if ('error' in outcome) expect(['unavailable', 'timeout']).toContain(outcome.error.kind);
    else expect(missingIn(entries)).toEqual([]);
  });
}
