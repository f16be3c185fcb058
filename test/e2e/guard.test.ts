/** An identity provider that goes wrong, played by a real SCIM client, and a real directory behind the guard. */
import { describeWith, until } from '../support/daemon';
import { ldapTarget } from '../support/ldap-target';
import { describeWithPythonClients, runPythonClient } from '../support/python-clients';
import { SLAPD, type Slapd, startSlapd } from '../support/slapd';
import { Usher } from '../support/usher';

jest.setTimeout(300_000);

const USERS = 100;
const TRIPPED = 'The guard of a sync rule has tripped';

const GUARD = `guard { status trip { subject count limit } waiting { threshold members protected } }
  bindingCounts { total synced parked held pending delivering }`;

describeWithPythonClients('the guard', () => {
  describeWith([SLAPD], 'before OpenLDAP', () => {
    let slapd: Slapd;
    let usher: Usher;
    let rule: { readonly id: string; readonly token: string };

    beforeEach(async () => {
      [slapd, usher] = await Promise.all([startSlapd(), Usher.start({ QUICKSTART: 'off' })]);
      const target = await usher.createTarget('LDAP', 'ldap', ...ldapTarget(slapd));
      rule = await usher.createRule('Identity provider', [{ targetId: target }]);
      await push('create', USERS);
      await until(
        'everybody and the group',
        async () => {
          return (await members()) === USERS && (await counts()).synced === USERS + 1;
        },
        120_000,
      );
    });
    afterEach(async () => {
      await usher.stop();
      await slapd.stop();
    });

    const push = async (what: string, amount: number): Promise<void> => {
      const args = ['push.py', `${usher.url}/scim/v2`, what, String(amount)];
      const { code, errors } = await runPythonClient('python', args, { SCIM_TOKEN: rule.token });
      expect([what, code, errors]).toEqual([what, 0, '']);
    };
    const disabled = () => slapd.count('(pwdAccountLockedTime=*)', slapd.userBaseDN);
    const members = async (): Promise<number> => {
      const [group] = await slapd.search('(cn=Everybody)', ['member'], slapd.groupBaseDN);
      const names = group?.attributes['member'] ?? [];
      return names.filter((name) => name.includes('guard')).length;
    };
    const shown = async () =>
      (await usher.graphql(`query ($id: ID!) { syncRule(id: $id) { ${GUARD} } }`, { id: rule.id }))
        .syncRule;
    const counts = async () => (await shown()).bindingCounts;
    const decide = async (command: string): Promise<number> => {
      const decided = await usher.graphql(
        `mutation ($id: ID!) { ${command}(ruleId: $id) { bindings userErrors { message } } }`,
        { id: rule.id },
      );
      expect(decided[command].userErrors).toEqual([]);
      return decided[command].bindings as number;
    };
    const settled = () =>
      until(
        'nothing to be under way',
        async () => {
          const { pending, delivering } = await counts();
          return pending + delivering === 0;
        },
        60_000,
      );
    const linesOfLog = (text: string): number => usher.log.split(text).length - 1;

    it('holds 60 percent of deactivations at the threshold, and lets them pass when approved', async () => {
      await push('deactivate', 60);
      await settled();
      expect(await shown()).toMatchObject({
        guard: {
          status: 'TRIPPED',
          trip: { subject: 'USERS', count: 21, limit: 20 },
          waiting: { threshold: 40, members: 0, protected: 0 },
        },
      });
      expect(await disabled()).toBe(20);
      expect(linesOfLog(TRIPPED)).toBe(1);
      expect(await decide('guardApprove')).toBe(40);
      await until('all 60 to be disabled', async () => (await disabled()) === 60, 60_000);
      await settled();
      expect(await shown()).toMatchObject({
        guard: { status: 'READY', trip: null, waiting: { threshold: 0 } },
        bindingCounts: { synced: USERS + 1 },
      });
      expect(linesOfLog(TRIPPED)).toBe(1);
    });

    it('leaves the entries as they are when it is rejected, and keeps the members of an emptied group', async () => {
      await push('deactivate', 60);
      await settled();
      expect(await decide('guardReject')).toBe(40);
      await settled();
      expect(await counts()).toMatchObject({ parked: 40, held: 0 });
      expect(await disabled()).toBe(20);
      await push('empty', 0);
      await settled();
      expect(await shown()).toMatchObject({ guard: { waiting: { members: 1 } } });
      expect(await members()).toBe(USERS);
      expect(await decide('guardApprove')).toBe(1);
      await until('the group to be empty', async () => (await members()) === 0, 60_000);
    });
  });
});
