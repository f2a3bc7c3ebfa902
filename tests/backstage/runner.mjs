// Runs logins and backends one after another, each with configuration, services and connections of its own: only the
// modules are loaded once. Reads requests from standard input, one JSON a line, and answers each with a line.
// {action: "login" | "start", folder, argv, env, log} → {answer} or {error}; {action: "stop"} ends the backend → {}.
// What is printed meanwhile goes into the file `log`.
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { inspect } from 'node:util';
import { createBackend } from '@backstage/backend-defaults';
import { rootConfigServiceFactory } from '@backstage/backend-defaults/rootConfig';
import { features } from './features.mjs';
import { useDatabase } from './plugin.mjs';

const respond = process.stdout.write.bind(process.stdout);
let log;
process.stdout.write = process.stderr.write = (chunk, encoding, callback) => {
  if (log) appendFileSync(log, chunk);
  const done = typeof encoding === 'function' ? encoding : callback;
  if (done) process.nextTick(done);
  return true;
};
// As a backend does: what a stopped one had still begun must not end the next one.
process.on('unhandledRejection', reason => console.error('Unhandled rejection', reason));
process.on('uncaughtException', error => console.error('Uncaught exception', error));

let backend;

async function start(argv) {
  backend = createBackend();
  backend.add(rootConfigServiceFactory({ argv, watch: false }));
  for (const feature of await features()) backend.add(feature);
  try {
    await backend.start();
  } catch (error) {
    console.error(inspect(error));
    throw error;
  }
}

async function run({ action, folder, argv, env, log: file }) {
  if (action === 'stop') {
    await backend.stop();
    return {};
  }
  log = file;
  process.chdir(folder);
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  return { answer: await (action === 'login' ? useDatabase(argv) : start(argv)) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await run(JSON.parse(line)).catch(error => ({ error: String(error) }));
  respond(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
