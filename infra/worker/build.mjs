// Bundles the Worker into build/worker.js, or into the folder named: one module for workerd.
import { build } from 'esbuild';

const here = (name) => new URL(name, import.meta.url).pathname;
await build({
  entryPoints: [here('src/main.ts')],
  outfile: `${process.argv[2] ?? here('build')}/worker.js`,
  bundle: true,
  alias: { crypto: here('../../web/shared/src/node_crypto.ts') },
  external: ['cloudflare:workers'],
  // js-sha256, of mina-signer, takes workerd for Node by its process, and then calls require.
  define: { process: 'undefined' },
  format: 'esm',
  minifySyntax: true,
  target: 'es2022',
  legalComments: 'eof',
  logLevel: 'warning',
});
