// Reads [{yaml, env}, …] from standard input, loads each document the way a backend loads `--config FILE`, and prints,
// for each, what `observe(config)` found, or {error}.
import { writeFileSync } from 'node:fs';
import { json } from 'node:stream/consumers';
import { ConfigSources } from '@backstage/config-loader';

const FILE = 'app-config.yaml';

export async function observeEach(observe) {
  const answers = [];
  for (const { yaml, env } of await json(process.stdin)) {
    writeFileSync(FILE, yaml, { mode: 0o600 });
    Object.assign(process.env, env);
    try {
      const source = ConfigSources.default({ argv: ['--config', FILE], watch: false });
      answers.push(await observe(await ConfigSources.toConfig(source)));
    } catch (error) {
      answers.push({ error: String(error) });
    } finally {
      Object.keys(env).forEach(name => delete process.env[name]);
    }
  }
  process.stdout.write(JSON.stringify(answers), () => process.exit(0));
}
