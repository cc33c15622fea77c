import { fileURLToPath } from 'node:url';
import type { NextConfig } from 'next';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Static files for any host and any path: the page's route stands behind `#`, so one document is enough. */
const config: NextConfig = {
  output: 'export',
  // Loaded beside the document, wherever that lies.
  assetPrefix: '.',
  // `web/app` and `web/shared` are compiled with this package: they are sources, not packages.
  outputFileTracingRoot: root,
  turbopack: {
    root,
    resolveAlias: { crypto: '../shared/src/node_crypto.ts' },
  },
};

export default config;
