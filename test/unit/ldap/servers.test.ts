import { Servers } from '../../../connectors/ldap/servers';

const A = 'ldap://a';
const B = 'ldap://b';
const C = 'ldap://c';

function servers(urls = [A, B, C], replicationDelayMs = 0): Servers {
  return new Servers({ urls, switchBackMs: 60_000, replicationDelayMs });
}

describe('a list of servers', () => {
  it('uses the first until it fails, then the next, and begins again after the last', () => {
    const list = servers();
    const used = [list.current.url];
    for (let round = 0; round < 3; round += 1) {
      list.failed(list.current);
      used.push(list.current.url);
    }
    expect(used).toEqual([A, B, C, A]);
  });

  it('tries the one in use first, then the others by preference', () => {
    const list = servers();
    list.failed(list.current);
    expect(list.inOrder().map(({ url }) => url)).toEqual([B, A, C]);
  });

  it('does not move on for a failure of a server that is no longer used', () => {
    const list = servers();
    const first = list.current;
    list.failed(first);
    list.failed(first);
    expect(list.current.url).toBe(B);
  });

  it('leaves each server more and more time after each failure, up to a limit', () => {
    const list = servers([A]);
    const pauses = Array.from({ length: 8 }, (_, round) => {
      list.failed(list.current, round);
      return list.pauseMs(list.current, round);
    });
    expect(pauses[0]).toBeGreaterThan(0);
    expect(pauses[0]).toBeLessThanOrEqual(50);
    expect(pauses[7]).toBeGreaterThanOrEqual(400);
    expect(pauses[7]).toBeLessThanOrEqual(800);
    list.connected(list.current);
    expect(list.pauseMs(list.current, 8)).toBe(0);
  });

  it('lets no server be used before it can have heard what another was told', () => {
    const list = servers([A, B], 5_000);
    const first = list.current;
    list.wrote(first, 1_000);
    list.failed(first, 1_000);
    expect(list.pauseMs(list.current, 1_500)).toBe(4_500);
    expect(list.pauseMs(list.current, 6_000)).toBe(0);
    // The server that was told itself need not wait.
    expect(list.pauseMs(first, 2_000)).toBe(0);
  });

  it('gives a server up that takes connections and answers nothing', () => {
    const list = servers([A, B]);
    const first = list.current;
    expect(list.silent(first)).toBe(false);
    list.answered(first);
    expect(list.silent(first)).toBe(false);
    expect(list.silent(first)).toBe(true);
    expect(list.current.url).toBe(B);
  });

  it('keeps the only server there is', () => {
    const list = servers([A]);
    for (let round = 0; round < 5; round += 1) expect(list.silent(list.current)).toBe(false);
    list.failed(list.current);
    expect(list.current.url).toBe(A);
  });

  it('asks for the preferred server once for each interval, and only while another is used', () => {
    const list = servers([A, B]);
    expect(list.toProbe(Number.MAX_SAFE_INTEGER)).toBeUndefined();
    list.failed(list.current, 1_000);
    expect(list.toProbe(60_999)).toBeUndefined();
    expect(list.toProbe(61_000)?.url).toBe(A);
    expect(list.toProbe(61_001)).toBeUndefined();
    expect(list.toProbe(121_000)?.url).toBe(A);
    list.switchBack();
    expect(list.current.url).toBe(A);
    expect(list.toProbe(Number.MAX_SAFE_INTEGER)).toBeUndefined();
  });

  it('knows a directory by the first identity it heard', () => {
    const list = servers();
    expect(list.isSame(undefined)).toBe(true);
    expect(list.isSame('one')).toBe(true);
    expect(list.isSame('one')).toBe(true);
    expect(list.isSame('another')).toBe(false);
    expect(list.isSame(undefined)).toBe(true);
  });
});
