/** Deadlines, crowds and deaths: whatever happens, what the connector says of it is true. */
import { type ConnectorError, type Written } from '../../../connectors/spi';
import { until } from '../../support/daemon';
import { call, failure, outcomeOf, type Subject } from './subject';

/** When a call is given up, in milliseconds after it began. */
const MOMENTS = [0, 0, 1, 1, 2, 2, 3, 4, 5, 7, 10, 15, 25, 40];

function givenUpAfter(ms: number): { readonly signal: AbortSignal } {
  const controller = new AbortController();
  if (ms === 0) setImmediate(() => controller.abort());
  else setTimeout(() => controller.abort(), ms);
  return { signal: controller.signal };
}

export function describeStress(subject: Subject): void {
  const { fixture } = subject;

  it('settles fifty first calls at once on few connections', async () => {
    const one = subject.open();
    const written = await subject.make('user', subject.fresh('crowd'));
    const reads = Array.from({ length: 50 }, () => one.read('user', written, call()));
    const entries = await Promise.all(reads);
    expect(entries.every((entry) => entry?.reference === written.reference)).toBe(true);
    if (subject.directory.connections && fixture.maxConnections !== undefined) {
      const before = await subject.directory.connections();
      await one.close();
      // The others belong to the connectors of other tests.
      const givenBack = async (): Promise<number> =>
        before - ((await subject.directory.connections?.()) ?? 0);
      await until('its connections to be given back', async () => (await givenBack()) > 0);
      expect(await givenBack()).toBeLessThanOrEqual(fixture.maxConnections);
    }
    await one.close();
  });

  it('settles at once when the signal is already aborted, and sends nothing', async () => {
    const before = await subject.count('user');
    const name = subject.fresh('aborted');
    const aborted = { signal: AbortSignal.abort() };
    const error = await failure(subject.makeBy(subject.connector, 'user', name, { call: aborted }));
    expect([error.kind, error.outcome]).toEqual(['timeout', 'none']);
    expect(await subject.count('user')).toBe(before);
  });

  it('tells the truth about a create that was given up at any moment', async () => {
    const made: { readonly name: string; readonly error?: ConnectorError }[] = [];
    for (const ms of MOMENTS) {
      const name = subject.fresh('moment');
      const outcome = await outcomeOf(
        subject.makeBy(subject.connector, 'user', name, { call: givenUpAfter(ms) }),
      );
      if (!('error' in outcome)) {
        expect(await subject.raw('user', name)).toMatchObject(fixture.user(name));
        continue;
      }
      expect(outcome.error.kind).toBe('timeout');
      made.push({ name, error: outcome.error });
    }
    for (const { name, error } of made) {
      const entry = await subject.raw('user', name);
      if (error?.outcome === 'none') expect(entry).toBeUndefined();
      if (entry !== undefined) expect(entry).toMatchObject(fixture.user(name));
    }
  });

  it('tells the truth about an update that was given up at any moment', async () => {
    for (const ms of MOMENTS) {
      const name = subject.fresh('moment');
      const written = await subject.make('user', name);
      const outcome = await outcomeOf(
        subject.change(written, 'given up', subject.connector, givenUpAfter(ms)),
      );
      const values = (await subject.raw('user', name))?.[subject.changed];
      if (!('error' in outcome)) expect(values).toEqual(['given up']);
      else if (outcome.error.outcome === 'none') {
        expect(values).toEqual(fixture.user(name)[subject.changed]);
      } else expect([['given up'], fixture.user(name)[subject.changed]]).toContainEqual(values);
    }
  });

  it('settles soon after the abort and stays usable', async () => {
    if (!subject.directory.pause || !subject.directory.resume) return;
    const written = await subject.make('user', subject.fresh('patient'));
    await subject.directory.pause();
    const start = Date.now();
    const update = failure(subject.change(written, 'late', subject.connector, call(200)));
    const error = await update.finally(() => subject.directory.resume?.());
    expect(Date.now() - start).toBeLessThan(5_000);
    expect(error.kind).toBe('timeout');
    expect(await subject.connector.read('user', written, call())).toBeDefined();
  });

  it('survives the death of the directory in mid-stream, and nothing is lost or doubled', async () => {
    if (!subject.directory.kill || !subject.directory.restart) return;
    const names = Array.from({ length: 120 }, () => subject.fresh('stream'));
    const pending = names.map((name) => outcomeOf(subject.make('user', name)));
    await pending[20];
    await subject.directory.kill();
    const outcomes = await Promise.all(pending);
    await subject.directory.restart();
    // The next calls reconnect, and with the rights they had.
    await until('a write after the restart', () =>
      subject.make('user', subject.fresh('revived')).then(
        () => true,
        (error: ConnectorError) => {
          expect(error.kind).toBe('unavailable');
          return false;
        },
      ),
    );
    const failed = outcomes.filter((outcome) => 'error' in outcome);
    expect(failed.length).toBeGreaterThan(0);
    for (const { error } of failed) expect(['unavailable', 'timeout']).toContain(error.kind);
    for (const [index, name] of names.entries()) await settle(name, outcomes[index]);
  });

  /** What the gateway does with an outcome: believes it, or looks and then makes what is missing. */
  async function settle(
    name: string,
    outcome: { readonly answer: Written } | { readonly error: ConnectorError } | undefined,
  ): Promise<void> {
    const there = await subject.raw('user', name);
    if (outcome && 'answer' in outcome) expect(there).toMatchObject(fixture.user(name));
    else if (outcome?.error.outcome === 'none') expect(there).toBeUndefined();
    const found = await subject.named(name);
    expect(found).toHaveLength(there ? 1 : 0);
    if (!there) await subject.make('user', name);
    expect(await subject.named(name)).toHaveLength(1);
  }

  it('tells the truth about updates when the directory dies', async () => {
    if (!subject.directory.kill || !subject.directory.restart) return;
    const names = Array.from({ length: 60 }, () => subject.fresh('changing'));
    const written = await Promise.all(names.map((name) => subject.make('user', name)));
    const pending = written.map((one) => outcomeOf(subject.change(one, 'in the storm')));
    await pending[5];
    await subject.directory.kill();
    const outcomes = await Promise.all(pending);
    await subject.directory.restart();
    for (const [index, name] of names.entries()) {
      const values = (await subject.raw('user', name))?.[subject.changed];
      const outcome = outcomes[index];
      if (outcome && 'answer' in outcome) expect(values).toEqual(['in the storm']);
      else if (outcome?.error.outcome === 'none') {
        expect(values).toEqual(fixture.user(name)[subject.changed]);
      }
    }
  });

  it('settles what is in flight when it is closed, and refuses what comes later', async () => {
    const one = subject.open();
    const written = await subject.make('user', subject.fresh('closing'));
    await one.read('user', written, call());
    const inFlight = outcomeOf(one.read('user', written, call()));
    await one.close();
    await inFlight;
    expect((await failure(one.read('user', written, call()))).kind).toBe('unavailable');
  });

  it('never showed a secret', () => {
    subject.expectNoSecrets(subject.log);
  });
}
