// A process in which one plugin uses its database, with the files of `--config FILE …`: see plugin.mjs. Prints the answer.
import { useDatabase } from './plugin.mjs';

try {
  const answer = await useDatabase(process.argv.slice(2));
  process.stdout.write(JSON.stringify(answer), () => process.exit(0));
} catch (error) {
  process.stderr.write(String(error), () => process.exit(1));
}
