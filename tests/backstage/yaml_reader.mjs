// Reads [document, …] from standard input and prints, for each, {value} of its backend.database or {error}, as npm's
// `yaml` reads it: the package that Backstage's loader uses, in the YAML version of the first argument.
import { createRequire } from 'node:module';
import { json } from 'node:stream/consumers';

const require = createRequire(createRequire(import.meta.url).resolve('@backstage/config-loader'));
const { parse } = require('yaml');
const [version] = process.argv.slice(2);

const answers = (await json(process.stdin)).map(document => {
  try {
    return { value: parse(document, { version }).backend.database };
  } catch (error) {
    return { error: String(error) };
  }
});
process.stdout.write(JSON.stringify(answers));
