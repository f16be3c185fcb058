/** Random SCIM requests, and what the answers promised: who is there, as whom, and in which groups. */
import { type ScimAnswer, type Usher } from '../test/support/usher';
import { entraGroup, entraUser, patch } from '../test/support/wire';

export interface Person {
  readonly id: string;
  userName: string;
  familyName: string;
  active: boolean;
}

export interface Team {
  readonly id: string;
  displayName: string;
  readonly members: Set<string>;
}

const MOST_PEOPLE = 600;
const MOST_TEAMS = 12;

type Dice = readonly [weight: number, act: () => Promise<void>];

export class SoakLoad {
  readonly people = new Map<string, Person>();
  readonly teams = new Map<string, Team>();
  /** Answers by status; 0: none came. */
  readonly answers = new Map<number, number>();
  readonly milliseconds: number[] = [];
  private readonly busy = new Set<string>();
  private serial = 0;

  constructor(
    private readonly usher: Usher,
    private readonly token: string,
    /** Resolves when the gateway answers again. */
    private readonly isBack: () => Promise<void>,
  ) {}

  /** One change of something that nobody else changes now. */
  async step(): Promise<void> {
    const dice: Dice[] = [
      [this.people.size < MOST_PEOPLE ? 25 : 2, () => this.createPerson()],
      [this.teams.size < MOST_TEAMS ? 8 : 0, () => this.createTeam()],
      [22, () => this.changePerson(({ id }) => this.rename(id))],
      [15, () => this.changePerson((person) => this.activate(person))],
      [8, () => this.changePerson(({ id }) => this.give(id, 'userName', this.name('soak')))],
      [6, () => this.changePerson(({ id }) => this.remove('Users', id))],
      [24, () => this.changeTeam((team) => this.turnOver(team))],
      [1, () => this.changeTeam(({ id }) => this.remove('Groups', id))],
    ];
    let left = Math.random() * dice.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, act] of dice) {
      left -= weight;
      if (left < 0) return act();
    }
  }

  private name(prefix: string): string {
    return `${prefix}${String((this.serial += 1))}`;
  }

  /** Undefined: no answer came, or one that promises nothing. */
  private async send(method: string, path: string, body?: object): Promise<ScimAnswer | undefined> {
    const begun = performance.now();
    const answer = await this.usher.scim(method, path, body, this.token).catch(() => undefined);
    if (answer) this.milliseconds.push(performance.now() - begun);
    const status = answer?.status ?? 0;
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
    return answer && answer.status < 500 ? answer : undefined;
  }

  private async createPerson(): Promise<void> {
    const userName = this.name('soak');
    const answer = await this.send('POST', '/Users', entraUser(userName));
    const filter = encodeURIComponent(`userName eq "${userName}"`);
    const id = answer ? (answer.body.id as string) : await this.idOf(`/Users?filter=${filter}`);
    if (id !== undefined) await this.look('Users', id);
  }

  private async createTeam(): Promise<void> {
    const displayName = this.name('Soak ');
    const answer = await this.send('POST', '/Groups', entraGroup(displayName));
    const filter = encodeURIComponent(`displayName eq "${displayName}"`);
    const id = answer ? (answer.body.id as string) : await this.idOf(`/Groups?filter=${filter}`);
    if (id !== undefined) await this.look('Groups', id);
  }

  private async changePerson(change: (person: Person) => Promise<void>): Promise<void> {
    await this.exclusively([...this.people.values()], change);
  }

  private async changeTeam(change: (team: Team) => Promise<void>): Promise<void> {
    await this.exclusively([...this.teams.values()], change);
  }

  private async exclusively<One extends { readonly id: string }>(
    all: readonly One[],
    change: (one: One) => Promise<void>,
  ): Promise<void> {
    const idle = all.filter(({ id }) => !this.busy.has(id));
    const one = idle[Math.floor(Math.random() * idle.length)];
    if (!one) return;
    this.busy.add(one.id);
    await change(one).finally(() => this.busy.delete(one.id));
  }

  private rename(id: string): Promise<void> {
    return this.give(id, 'name.familyName', this.name('Family '));
  }

  private async give(id: string, path: string, value: string): Promise<void> {
    await this.send('PATCH', `/Users/${id}`, patch({ op: 'Replace', path, value }));
    await this.look('Users', id);
  }

  private async activate({ id, active }: Person): Promise<void> {
    const operation = { op: 'Replace', path: 'active', value: !active };
    await this.send('PATCH', `/Users/${id}`, patch(operation));
    await this.look('Users', id);
  }

  private async turnOver({ id, members }: Team): Promise<void> {
    const people = [...this.people.keys()];
    const some = Array.from({ length: 3 }, () => people[Math.floor(Math.random() * people.length)]);
    const value = some.flatMap((member) => (member === undefined ? [] : [{ value: member }]));
    const [leaving] = members;
    const operations = [
      ...(value.length > 0 ? [{ op: 'Add', path: 'members', value }] : []),
      ...(leaving !== undefined && Math.random() < 0.7
        ? [{ op: 'Remove', path: `members[value eq "${leaving}"]` }]
        : []),
    ];
    if (operations.length > 0) await this.send('PATCH', `/Groups/${id}`, patch(...operations));
    await this.look('Groups', id);
  }

  private async remove(kind: 'Users' | 'Groups', id: string): Promise<void> {
    await this.send('DELETE', `/${kind}/${id}`);
    await this.look(kind, id);
  }

  private async idOf(path: string): Promise<string | undefined> {
    const { body } = await this.certainly(path);
    return body.Resources?.[0]?.id as string | undefined;
  }

  /** What SCIM says is what the directories have to come to, also where a request had no answer. */
  private async look(kind: 'Users' | 'Groups', id: string): Promise<void> {
    const { status, body } = await this.certainly(`/${kind}/${id}`);
    if (status === 404) {
      if (kind === 'Groups') this.teams.delete(id);
      else this.people.delete(id);
    } else if (kind === 'Users') {
      const { userName, active, name } = body;
      this.people.set(id, { id, userName, active, familyName: name.familyName });
    } else {
      const members: readonly { readonly value: string }[] = body.members ?? [];
      const known = new Set(members.map(({ value }) => value));
      this.teams.set(id, { id, displayName: body.displayName, members: known });
    }
  }

  private async certainly(path: string): Promise<ScimAnswer> {
    for (;;) {
      const answer = await this.send('GET', path);
      if (answer) return answer;
      await this.isBack();
    }
  }
}
