import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder, until } from '../support/daemon';
import { Usher } from '../support/usher';
import { entraUser } from '../support/wire';

/** Does what it is asked to, and lets a promise of its own fail that nobody waits for; now and then it never answers. */
const SOURCE = `
const entries = new Map();
let serial = 0;
const stray = (text) => void Promise.reject(new Error(text));
const written = ({ reference, name }) => ({ reference, name });
exports.connector = {
  spiVersion: SPI_VERSION,
  id: 'hostile',
  title: 'Hostile',
  capabilities: { kinds: ['user'], activation: 'native', rename: true, password: false, maxConcurrency: 4 },
  settingsSchema: { type: 'object' },
  secretsSchema: { type: 'object' },
  namingAttribute: () => 'uid',
  defaultMapping: () => ({ user: [{ attribute: 'uid', expression: 'userName' }], group: [] }),
  parse: (settings, secrets) => ({ settings, secrets }),
  open: () => ({
    test: async () => [],
    schema: async () => ({ user: [], group: [], open: true }),
    read: async (kind, ref) => entries.get(ref.reference),
    correlate: async (kind, keys) => [...entries.values()].filter((one) => one.name === keys[0].value),
    create: (kind, desired) => {
      stray('of ' + desired.attributes.uid[0]);
      setImmediate(() => stray('later'));
      const name = desired.attributes.uid[0];
      const entry = { reference: String(++serial), name, attributes: desired.attributes, active: true };
      entries.set(entry.reference, entry);
      if (serial === 1) throw { kind: 'unavailable' };
      return Promise.resolve(written(entry));
    },
    update: async (kind, ref) => written(entries.get(ref.reference)),
    members: async () => { throw new Error('none'); },
    setActive: async (kind, ref) => written(entries.get(ref.reference)),
    remove: async () => undefined,
    list: async function* () {},
    plan: () => [],
    close: () => new Promise(() => undefined),
  }),
};
`;

describe('a connector that lets promises fail behind its back, throws what is no error, and never closes', () => {
  const folder = temporaryFolder();
  let usher: Usher;

  beforeAll(async () => {
    const spi = path.join(__dirname, '../../dist/connectors/spi.js');
    const file = path.join(folder.path, 'index.js');
    writeFileSync(file, `const { SPI_VERSION } = require(${JSON.stringify(spi)});\n${SOURCE}`);
    usher = await Usher.start({ QUICKSTART: 'off', CONNECTORS: file });
  }, 90_000);
  afterAll(async () => {
    await usher?.stop();
    folder.remove();
  });

  it('does not end the process, and is not quoted in the log', async () => {
    const target = await usher.createTarget('Hostile', 'hostile', {});
    const { token } = await usher.createRule('Entra', [{ targetId: target }]);
    for (const name of ['ada', 'bob', 'cyd']) {
      expect((await usher.scim('POST', '/Users', entraUser(name), token)).status).toBe(201);
    }
    await until(
      'all to be delivered',
      async () => {
        const { bindings } = await usher.graphql('{ bindings(states: [SYNCED]) { totalCount } }');
        return bindings.totalCount === 3;
      },
      30_000,
    );
    expect(usher.isRunning).toBe(true);
    expect(usher.log).toContain('A promise failed that nobody waits for');
    for (const word of ['of ada', 'later']) expect(usher.log).not.toContain(word);
  }, 90_000);

  it('does not hold up the end of the process', async () => {
    const begun = performance.now();
    expect(await usher.terminate()).toBe(0);
    expect(performance.now() - begun).toBeLessThan(7_000);
  }, 30_000);
});
