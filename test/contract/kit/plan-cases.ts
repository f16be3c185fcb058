/** Previews: pure, without secrets, and of one mind with what create and update do. */
import { type Attributes, type DesiredEntry, type Entry } from '../../../connectors/spi';
import { call, type Subject } from './subject';

/** Frozen all the way down: who changes an argument throws. */
function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

export function describePlan(subject: Subject): void {
  const { fixture } = subject;
  const desired = (attributes: Attributes, active = true): DesiredEntry =>
    frozen({ attributes: structuredClone(attributes), active });
  const entry = (attributes: Attributes, active = true): Entry =>
    frozen({
      reference: 'reference',
      name: fixture.user('planned')[subject.naming('user')]?.[0] ?? '',
      attributes: structuredClone(attributes),
      active,
    });

  it('is empty when nothing would change', () => {
    const attributes = fixture.user('planned');
    const { connector } = subject;
    expect(connector.plan('user', entry(attributes), desired(attributes))).toEqual([]);
  });

  it('shows additions and changes', () => {
    const attributes = fixture.user('planned');
    const added = subject.connector.plan('user', undefined, desired(attributes));
    expect(added.length).toBeGreaterThan(0);
    expect(added.every((one) => one.operation && one.object && one.detail)).toBe(true);
    const changed = subject.connector.plan(
      'user',
      entry(attributes),
      desired({ ...attributes, [subject.changed]: ['planned value'] }),
    );
    expect(JSON.stringify(changed)).toContain('planned value');
  });

  it('shows a change of activation', () => {
    if (subject.can().activation !== 'native') return;
    const attributes = fixture.user('planned');
    const { connector } = subject;
    expect(connector.plan('user', entry(attributes), desired(attributes, false))).not.toEqual([]);
    expect(connector.plan('user', entry(attributes, false), desired(attributes))).not.toEqual([]);
  });

  it('answers the same each time and asks nobody', async () => {
    const one = subject.open();
    await one.close();
    const attributes = fixture.user('planned');
    const plan = () => one.plan('user', undefined, desired(attributes));
    expect(plan()).toEqual(plan());
    expect(plan()).toEqual(subject.connector.plan('user', undefined, desired(attributes)));
  });

  it('agrees with create: what was planned and made leaves nothing to plan', async () => {
    const want = desired(fixture.user(subject.fresh('agreed')));
    expect(subject.connector.plan('user', undefined, want)).not.toEqual([]);
    const written = await subject.connector.create('user', want, 'owner', call());
    const made = await subject.connector.read('user', written, call());
    expect(made && subject.connector.plan('user', made, want)).toEqual([]);
  });

  it('agrees with update', async () => {
    const name = subject.fresh('agreed');
    const written = await subject.make('user', name);
    const want = desired({ ...fixture.user(name), [subject.changed]: ['wanted'] });
    const before = await subject.connector.read('user', written, call());
    expect(before && subject.connector.plan('user', before, want)).not.toEqual([]);
    await subject.change(written, 'wanted');
    const after = await subject.connector.read('user', written, call());
    expect(after && subject.connector.plan('user', after, want)).toEqual([]);
  });

  it('shows no secret', () => {
    const { secretAttribute } = fixture;
    if (secretAttribute === undefined) return;
    const secret = 'never-to-be-shown';
    const attributes = { ...fixture.user('planned'), [secretAttribute]: [secret] };
    const other = { ...attributes, [secretAttribute]: ['another-secret'] };
    const shown = [
      subject.connector.plan('user', undefined, desired(attributes)),
      subject.connector.plan('user', entry(other), desired(attributes)),
    ];
    expect(JSON.stringify(shown)).not.toMatch(/never-to-be-shown|another-secret/);
  });
}
