/** The connection test and the schema of the directory. */
import { call, failure, type Subject } from './subject';

export function describeTest(subject: Subject): void {
  it('finds a good target good', async () => {
    const steps = await subject.connector.test(call());
    expect(steps.length).toBeGreaterThan(0);
    expect(steps.filter((step) => step.state === 'failed')).toEqual([]);
    expect(steps.filter((step) => step.name === '' || step.message === '')).toEqual([]);
    subject.expectNoSecrets(steps);
  });

  it('leaves nothing behind', async () => {
    const before = await subject.count('user');
    await subject.connector.test(call());
    expect(await subject.count('user')).toBe(before);
  });

  it('names a wrong secret without showing it', async () => {
    if (subject.directory.wrongSecrets === undefined) return;
    const one = subject.open(subject.directory.wrongSecrets);
    const failed = (await one.test(call())).filter((step) => step.state === 'failed');
    expect(failed).toHaveLength(1);
    expect(failed[0]?.remedy).toBeTruthy();
    const error = await failure(one.read('user', { reference: 'x', name: 'x' }, call()));
    // It concerns all entries alike, and nobody parks for it.
    expect(error.kind).toBe('unavailable');
    expect(error.outcome).toBe('none');
    subject.expectNoSecrets([failed, error.message, String(error.cause), subject.log]);
  });

  it('says that a directory is down, in a step', async () => {
    if (!subject.directory.kill || !subject.directory.restart) return;
    await subject.directory.kill();
    const steps = await subject.connector.test(call());
    expect(steps.some((step) => step.state === 'failed' && step.remedy)).toBe(true);
    await subject.directory.restart();
  });

  it('ends with its signal, in a step', async () => {
    const steps = await subject.connector.test({ signal: AbortSignal.abort() });
    expect(Array.isArray(steps)).toBe(true);
  });

  it('has the naming attribute in its schema', async () => {
    const schema = await subject.connector.schema(call());
    expect(schema.user.map((attribute) => attribute.name)).toContain(subject.naming('user'));
    if (!subject.groups) return;
    expect(schema.group.map((attribute) => attribute.name)).toContain(subject.naming('group'));
  });
}
