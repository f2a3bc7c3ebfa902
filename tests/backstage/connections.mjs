// Lets Backstage's DatabaseManager make a plugin's database client from each set of layers: see documents.mjs. Only the
// two ends are replaced: the tokens of Azure and Google, and PostgreSQL.
// Prints, for each, {credential, instance, connections, queries, renewal}: what was constructed of @azure/identity, what
// Google's connector was asked for, what pg was told and asked, and how early Backstage renews a token.
import { createRequire } from 'node:module';
import { DatabaseManager } from '@backstage/backend-defaults/database';
import { observeEach } from './documents.mjs';

// A client that cannot be made is reported by `observe`; Backstage waits for it in a second place, and catches nothing.
process.on('unhandledRejection', () => {});

const EXPIRY = Date.now() + 1e15;

// The packages that Backstage itself gets.
const require = createRequire(createRequire(import.meta.url).resolve('@backstage/backend-defaults/database'));
const identity = require('@azure/identity');
const { Connector } = require('@google-cloud/cloud-sql-connector');
const pg = require('pg');

let seen;

const replaced = Object.keys(identity)
  .filter(name => name.endsWith('Credential'))
  .map(name => {
    const replacement = class {
      constructor(...args) {
        seen.credential = [name, ...args];
      }
      getToken = async () => ({ token: 'the token', expiresOnTimestamp: EXPIRY });
    };
    return [name, replacement];
  });
require.cache[require.resolve('@azure/identity')].exports = { ...identity, ...Object.fromEntries(replaced) };

Connector.prototype.getOptions = async options => {
  seen.instance = options;
  return { stream: () => undefined };
};

pg.Client.prototype.connect = async function connect() {
  const { host, port, user, database, password, ssl } = this;
  const { statement_timeout: statementTimeout } = this.connectionParameters;
  const stream = typeof this.connection._config?.stream;
  seen.connections.push({ host, port, user, database, password, ssl, stream, statementTimeout });
};
pg.Client.prototype.query = function query(query, callback) {
  seen.queries.push(query.text ? [query.text, query.values] : query);
  const result = { command: 'SELECT', rows: [{ version: 'PostgreSQL 17.0', count: '0' }] };
  return typeof callback === 'function' ? callback(null, result) : Promise.resolve(result);
};

function renewal({ client }) {
  const now = Date.now;
  const isExpired = client.connectionConfigExpirationChecker;
  if (!isExpired) return null;
  let [least, most] = [-1, Number.MAX_SAFE_INTEGER];
  try {
    while (most - least > 1) {
      const middle = Math.floor((least + most) / 2);
      Date.now = () => EXPIRY - middle;
      [least, most] = isExpired() ? [middle, most] : [least, middle];
    }
  } finally {
    Date.now = now;
  }
  return least;
}

await observeEach(async config => {
  seen = { connections: [], queries: [] };
  const plugin = DatabaseManager.fromConfig(config).forPlugin('catalog', {
    logger: console,
    lifecycle: { addShutdownHook() {} },
  });
  const client = await plugin.getClient();
  await client.raw('select 1');
  const { max } = client.client.pool;
  return { ...seen, renewal: renewal(client), tuning: { max, skipMigrations: plugin.migrations?.skip } };
});
