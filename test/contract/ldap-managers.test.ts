/** The `manager` of RFC 2798 by the default mapping, on a real directory that keeps no references in order itself. */
import { ldap } from '../../connectors/ldap';
import { type DeliveryEngine } from '../../src/delivery/engine';
import { type Resource } from '../../src/domain/resource';
import { type SyncRule } from '../../src/domain/sync-rule';
import { describeWith } from '../support/daemon';
import { ldapTarget } from '../support/ldap-target';
import { SLAPD, type Slapd, startSlapd } from '../support/slapd';
import { World } from '../unit/delivery/world';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

describeWith([SLAPD], 'managers in OpenLDAP', () => {
  let slapd: Slapd;
  let world: World;
  let rule: SyncRule;
  let engine: DeliveryEngine;

  beforeAll(async () => {
    [slapd, world] = await Promise.all([
      startSlapd({ overlays: false }),
      World.open('contract-ldap-managers'),
    ]);
    const [settings, secrets] = ldapTarget(slapd);
    const { settings: completed } = ldap.parse(settings, secrets);
    const target = await world.store.targets.insert({
      name: 'OpenLDAP',
      connector: 'ldap',
      settings: { ...completed },
      secrets: { ...secrets },
    });
    rule = await world.rule({ targetId: target.id, onDeactivate: 'KEEP' });
    engine = world.start({
      registry: { get: () => ldap, all: () => [ldap] },
      times: { call: { deadlineMs: 30_000, graceMs: 50 } },
    });
  });
  afterAll(async () => {
    await world.close();
    await slapd.stop();
  });

  const user = (userName: string, manager?: string): Promise<Resource> =>
    world.user(
      rule.id,
      userName,
      manager === undefined ? {} : { [ENTERPRISE]: { manager: { value: manager } } },
    );
  const entry = async (uid: string) => (await slapd.search(`(uid=${uid})`, ['*', '+']))[0];
  const manager = async (uid: string) => (await entry(uid))?.attributes['manager'];

  test('who comes after the manager has it from the start, whatever its name needs escaped', async () => {
    const kit = await user('kit, "k" + marlow');
    await engine.idle();
    const bob = await user('bob', kit.id);
    await engine.idle();
    const [value] = (await manager('bob')) ?? [];
    expect((await slapd.search(`(uid=kit*)`, ['entryDN']))[0]?.attributes['entryDN']).toEqual([
      value,
    ]);
    // What is delivered once more finds nothing to change.
    const before = (await entry('bob'))?.attributes['entryCSN'];
    await engine.control.retry(`${rule.syncAs[0]?.targetId ?? ''}:${bob.id}`);
    await engine.idle();
    expect((await entry('bob'))?.attributes['entryCSN']).toEqual(before);
  });

  test('who comes before it has it later; it follows renames, and goes with the manager', async () => {
    const ada = await user('ada');
    await world.change(ada, { title: 'Countess' });
    await engine.idle();
    expect((await entry('ada'))?.attributes['title']).toEqual(['Countess']);
    const eve = await user('eve', ada.id);
    await world.change(ada, { title: [], [ENTERPRISE]: { manager: { value: eve.id } } });
    await engine.idle();
    expect(await manager('eve')).toEqual([`uid=ada,${slapd.userBaseDN}`]);
    expect((await entry('ada'))?.attributes['title']).toBeUndefined();
    expect(await manager('ada')).toEqual([`uid=eve,${slapd.userBaseDN}`]);

    await world.change(ada, { userName: 'lovelace' });
    await engine.idle();
    expect(await manager('eve')).toEqual([`uid=lovelace,${slapd.userBaseDN}`]);

    await world.remove(ada);
    await engine.idle();
    expect(await entry('lovelace')).toBeUndefined();
    expect(await manager('eve')).toBeUndefined();
  });
});
