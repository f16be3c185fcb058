// Healthy: a primary that takes writes. The first time it asks, it makes the replica set of one member.
const password = encodeURIComponent(process.env.MONGO_INITDB_ROOT_PASSWORD);
const admin = connect(`mongodb://root:${password}@127.0.0.1:27017/admin?directConnection=true`);

try {
  admin.adminCommand({ replSetGetStatus: 1 });
} catch (error) {
  if (error.codeName !== 'NotYetInitialized') throw error;
  // By the name the gateway knows it under: drivers go where the replica set says.
  const members = [{ _id: 0, host: 'mongodb:27017' }];
  admin.adminCommand({ replSetInitiate: { _id: 'rs0', members } });
}
if (!admin.hello().isWritablePrimary) quit(1);
