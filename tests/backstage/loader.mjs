// Prints what Backstage sees at backend.database, as {value}, for each document: see documents.mjs.
import { observeEach } from './documents.mjs';

await observeEach(config => ({ value: config.get('backend.database') }));
