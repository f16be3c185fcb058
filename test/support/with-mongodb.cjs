/**
 * Runs a command with a real MongoDB: the one that TEST_MONGODB_URI names, or a mongod that mongodb-memory-server
 * downloads and starts. Suites then use it in place of the embedded store, and so does the program in e2e tests.
 */
const { spawn } = require('node:child_process');

async function startMongod() {
  const { MongoMemoryReplSet } = require('mongodb-memory-server');
  const server = await MongoMemoryReplSet.create({
    replSet: { count: 1, storageEngine: 'wiredTiger' },
  });
  return { uri: server.getUri(), stop: () => server.stop() };
}

async function main() {
  const given = process.env.TEST_MONGODB_URI;
  let mongod;
  try {
    mongod = given ? { uri: given, stop: async () => {} } : await startMongod();
  } catch (error) {
    console.error(
      `No MongoDB to test against: ${error.message}\n` +
        'Set TEST_MONGODB_URI to a server, or MONGOMS_SYSTEM_BINARY to a mongod that is installed.',
    );
    process.exit(1);
  }
  const [command, ...args] = process.argv.slice(2);
  const child = spawn('npx', ['--no-install', command, ...args], {
    stdio: 'inherit',
    env: { ...process.env, TEST_MONGODB_URI: mongod.uri, USHER_E2E_MONGODB_URI: mongod.uri },
  });
  child.on('exit', async (code) => {
    await mongod.stop();
    process.exit(code ?? 1);
  });
}

main();
