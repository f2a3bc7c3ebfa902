// What a plugin does with its database, by Backstage's own DatabaseManager.
import { DatabaseManager } from '@backstage/backend-defaults/database';
import { ConfigSources } from '@backstage/config-loader';

const WRITTEN = 'Grüße, 漢字, 😀';

// Loads the files of `--config FILE …` as a backend does. Returns {database, user, read, written}: where the plugin was,
// as which user, and the text that it wrote and read back. Closes all connections.
export async function useDatabase(argv) {
  const config = await ConfigSources.toConfig(ConfigSources.default({ argv, watch: false }));
  const shutdownHooks = [];
  const manager = DatabaseManager.fromConfig(config, {
    rootLifecycle: { addShutdownHook: hook => shutdownHooks.push(hook) },
  });
  const plugin = manager.forPlugin('contract', { logger: console, lifecycle: { addShutdownHook() {} } });
  let client;
  try {
    client = await plugin.getClient();
    await client.schema.dropTableIfExists('notes');
    await client.schema.createTable('notes', table => table.text('text'));
    await client('notes').insert({ text: WRITTEN });
    const { text } = await client('notes').first();
    const { rows } = await client.raw('select current_database() as database, current_user as user');
    return { ...rows[0], read: text, written: WRITTEN };
  } finally {
    await client?.destroy();
    await Promise.all(shutdownHooks.map(hook => hook()));
  }
}
