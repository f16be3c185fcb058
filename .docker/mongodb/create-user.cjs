// Runs once, on an empty volume: the account of the gateway, which owns one database and nothing else.
db.getSiblingDB('usher').createUser({
  user: 'usher',
  pwd: process.env.USHER_MONGODB_PASSWORD,
  roles: [
    { role: 'readWrite', db: 'usher' },
    { role: 'dbAdmin', db: 'usher' },
  ],
});
