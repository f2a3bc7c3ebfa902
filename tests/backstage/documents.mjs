// Reads [{layers: [yaml, …], env}, …] from standard input, loads the layers of each the way a backend loads
// `--config FILE --config FILE …`, and prints, for each, what `observe(config)` found, or {error}.
import { writeFileSync } from 'node:fs';
import { json } from 'node:stream/consumers';
import { ConfigSources } from '@backstage/config-loader';

export async function observeEach(observe) {
  const answers = [];
  for (const { layers, env } of await json(process.stdin)) {
    const files = layers.map((_, number) => `app-config.${number}.yaml`);
    layers.forEach((yaml, number) => writeFileSync(files[number], yaml, { mode: 0o600 }));
    Object.assign(process.env, env);
    try {
      const argv = files.flatMap(file => ['--config', file]);
      const source = ConfigSources.default({ argv, watch: false });
      answers.push(await observe(await ConfigSources.toConfig(source)));
    } catch (error) {
      answers.push({ error: String(error) });
    } finally {
      Object.keys(env).forEach(name => delete process.env[name]);
    }
  }
  process.stdout.write(JSON.stringify(answers), () => process.exit(0));
}
