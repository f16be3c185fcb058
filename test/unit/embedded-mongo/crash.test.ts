import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Acknowledged, killRound, WRITERS } from '../../torture/kill-rounds';
import { childScript, compileServer } from './compiled-server';

/** The short form of test/torture/kill.ts. */
describe('a killed server', () => {
  const server = compileServer();
  afterAll(() => rmSync(dirname(server), { recursive: true, force: true }));

  it('keeps every acknowledged write and takes the directory over', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'embedded-mongo-crash-'));
    const script = childScript(server, WRITERS);
    const acknowledged = new Acknowledged();
    for (let round = 0; round < 5; round += 1) {
      await killRound(script, dataDir, round, acknowledged);
    }
    expect(acknowledged.inserted.length).toBeGreaterThan(0);
    expect(readdirSync(dataDir).filter((name) => name.endsWith('.sock'))).toEqual([]);
    rmSync(dataDir, { recursive: true, force: true });
  }, 120_000);
});
