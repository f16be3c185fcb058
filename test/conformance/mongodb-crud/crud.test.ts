import { type RunningServer, startServer } from '../../unit/embedded-mongo/running-server';
import { runTest, type Verdict } from './runner';
import { isMeantFor, readSpecifications } from './specification';

/** The version the embedded server presents itself as. */
const VERSION = '7.0.0';

/** Tests that cannot succeed whatever the server does, with the reason. */
const KNOWN_FAILURES = new Map<string, string>([
  ...['insertOne', 'insertMany', 'bulkWrite'].map((way): [string, string] => [
    `create-null-ids: inserting _id with type null via ${way}`,
    'the driver replaces an _id of null by an ObjectId before it sends the document',
  ]),
]);

const specifications = readSpecifications();
describe('MongoDB CRUD specification', () => {
  let running: RunningServer;
  const verdicts: Verdict[] = [];
  let otherServers = 0;
  beforeAll(async () => {
    running = await startServer();
  });
  afterAll(async () => {
    const count = (wanted: Verdict): number => verdicts.filter((v) => v === wanted).length;
    process.stdout.write(
      `MongoDB CRUD specification: ${count('passed')} passed, ${count('refused')} refused by the ` +
        `server, ${KNOWN_FAILURES.size} known failures, ${otherServers} for other servers\n`,
    );
    await running.stop();
  });
  if (specifications.length === 0) it('needs the files of the specification', () => undefined);

  for (const specification of specifications) {
    for (const test of specification.tests) {
      const name = `${specification.description}: ${test.description}`;
      const meant =
        isMeantFor(VERSION, specification.runOnRequirements) &&
        isMeantFor(VERSION, test.runOnRequirements);
      if (!meant) {
        otherServers += 1;
        continue;
      }
      const run = (): Promise<Verdict> =>
        runTest(running.client, running.server.uri, specification, test);
      if (KNOWN_FAILURES.has(name)) {
        // Noticed when it starts to succeed, so that the list stays true.
        it(`still fails: ${name}`, () => expect(run()).rejects.toThrow());
      } else {
        it(name, async () => {
          verdicts.push(await run());
        });
      }
    }
  }
});
