// Reads [{yaml, env}, …] from standard input and loads each document the way a backend loads `--config FILE`.
// Prints, for each, what Backstage sees at backend.database: {value} or {error}.
import { writeFileSync } from 'node:fs';
import { json } from 'node:stream/consumers';
import { ConfigSources } from '@backstage/config-loader';

const FILE = 'app-config.yaml';

async function load({ yaml, env }) {
  writeFileSync(FILE, yaml, { mode: 0o600 });
  Object.assign(process.env, env);
  try {
    const source = ConfigSources.default({ argv: ['--config', FILE], watch: false });
    const config = await ConfigSources.toConfig(source);
    return { value: config.get('backend.database') };
  } catch (error) {
    return { error: String(error) };
  } finally {
    Object.keys(env).forEach(name => delete process.env[name]);
  }
}

const answers = [];
for (const document of await json(process.stdin)) {
  answers.push(await load(document));
}
process.stdout.write(JSON.stringify(answers));
