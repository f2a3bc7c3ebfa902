// Loads `--config FILE` as a backend does and lets Backstage's DatabaseManager do what a plugin does with its database.
// Prints {database, user, read}: where the plugin was, as whom, and the text it wrote and read back.
import { DatabaseManager } from '@backstage/backend-defaults/database';
import { ConfigSources } from '@backstage/config-loader';

const WRITTEN = 'Grüße, 漢字, 😀';

const config = await ConfigSources.toConfig(ConfigSources.default({ watch: false }));
const plugin = DatabaseManager.fromConfig(config).forPlugin('contract', {
  logger: console,
  lifecycle: { addShutdownHook() {} },
});
try {
  const client = await plugin.getClient();
  await client.schema.dropTableIfExists('notes');
  await client.schema.createTable('notes', table => table.text('text'));
  await client('notes').insert({ text: WRITTEN });
  const { text } = await client('notes').first();
  const { rows } = await client.raw('select current_database() as database, current_user as user');
  process.stdout.write(JSON.stringify({ ...rows[0], read: text, written: WRITTEN }), () => process.exit(0));
} catch (error) {
  process.stderr.write(String(error), () => process.exit(1));
}
