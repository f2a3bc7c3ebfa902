// A Backstage backend with plugins that need a database; takes `--config FILE` as every backend does.
import { createBackend } from '@backstage/backend-defaults';
import { features } from './features.mjs';

const backend = createBackend();
for (const feature of await features()) backend.add(feature);
await backend.start();
