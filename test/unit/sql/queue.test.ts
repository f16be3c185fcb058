import { chunks, keyset } from '../../../connectors/sql/paging';
import { Queue, queueOf } from '../../../connectors/sql/queue';

describe('queue', () => {
  it('runs one task at a time, in order, also after a failure', async () => {
    const queue = new Queue();
    const seen: string[] = [];
    const task =
      (name: string, fails = false) =>
      async (): Promise<string> => {
        seen.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, 1));
        seen.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      };
    const results = await Promise.allSettled([
      queue.run(task('a')),
      queue.run(task('b', true)),
      queue.run(task('c')),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(seen).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it('lets the rest of the process run while it is busy', async () => {
    const queue = new Queue();
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 1);
    const busy = async (): Promise<void> => {
      const end = performance.now() + 1;
      while (performance.now() < end);
    };
    await Promise.all(Array.from({ length: 100 }, () => queue.run(busy)));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(5);
  });

  it('is one for each file', () => {
    expect(queueOf('/a')).toBe(queueOf('/a'));
    expect(queueOf('/a')).not.toBe(queueOf('/b'));
  });
});

describe('paging', () => {
  it.each([0, 1, 499, 500, 501, 1_500])('yields %i rows once each', async (count) => {
    const all = Array.from({ length: count }, (_, index) => ({
      id: String(index).padStart(5, '0'),
    }));
    const page = async (after: string, limit: number) =>
      all.filter((row) => row.id > after).slice(0, limit);
    const seen: { id: string }[] = [];
    for await (const row of keyset(page)) seen.push(row);
    expect(seen).toEqual(all);
    expect([...chunks(all)].flat()).toEqual(all);
  });
});
