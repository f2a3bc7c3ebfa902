// Lets Backstage's DatabaseManager make a plugin's database client from each document: see documents.mjs.
// Only the two ends are replaced: getToken, and PostgreSQL.
// Prints, for each, {credential: [class, ...arguments], scopes, connections, renewal}:
// what was constructed of @azure/identity, what a token was asked for, what pg was told, and how many milliseconds
// before its end Backstage takes a token for expired.
import { createRequire } from 'node:module';
import { DatabaseManager } from '@backstage/backend-defaults/database';
import { observeEach } from './documents.mjs';

// Later than any offset is long: with a token that it takes for expired from the start, Backstage never connects.
const EXPIRY = Date.now() + 1e15;

// The packages that Backstage itself gets.
const require = createRequire(createRequire(import.meta.url).resolve('@backstage/backend-defaults/database'));
const identity = require('@azure/identity');
const pg = require('pg');

let seen;

function watched(name) {
  return new Proxy(identity[name], {
    construct(target, args, newTarget) {
      seen.credential = [name, ...args];
      const credential = Reflect.construct(target, args, newTarget);
      credential.getToken = async scopes => {
        seen.scopes = scopes;
        return { token: 'the token', expiresOnTimestamp: EXPIRY };
      };
      return credential;
    },
  });
}

const classes = Object.keys(identity).filter(name => name.endsWith('Credential'));
require.cache[require.resolve('@azure/identity')].exports = {
  ...identity,
  ...Object.fromEntries(classes.map(name => [name, watched(name)])),
};

pg.Client.prototype.connect = async function connect() {
  const { host, port, user, database, password, ssl } = this;
  seen.connections.push({ host, port, user, database, password, ssl });
};
pg.Client.prototype.query = function query(_query, callback) {
  callback(null, { command: 'SELECT', rows: [{ version: 'PostgreSQL 17.0', count: '1' }] });
};

function renewal({ client }) {
  const now = Date.now;
  const expiredBefore = milliseconds => {
    Date.now = () => EXPIRY - milliseconds;
    try {
      return client.connectionConfigExpirationChecker();
    } finally {
      Date.now = now;
    }
  };
  let [least, most] = [-1, Number.MAX_SAFE_INTEGER];
  while (most - least > 1) {
    const middle = Math.floor((least + most) / 2);
    [least, most] = expiredBefore(middle) ? [middle, most] : [least, middle];
  }
  return least;
}

await observeEach(async config => {
  seen = { connections: [] };
  const plugin = DatabaseManager.fromConfig(config).forPlugin('catalog', {
    logger: console,
    lifecycle: { addShutdownHook() {} },
  });
  const client = await plugin.getClient();
  await client.raw('select 1');
  return { ...seen, renewal: renewal(client) };
});
