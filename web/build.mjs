// Builds the ticket page into ticket/build, or into the folder named: three files for any static host.
import { copyFile, mkdir } from 'node:fs/promises';
import { build } from 'esbuild';

const source = new URL('ticket/', import.meta.url);
const target = process.argv[2] ?? new URL('build', source).pathname;
await mkdir(target, { recursive: true });
await build({
  entryPoints: [new URL('src/main.ts', source).pathname],
  outfile: `${target}/ticket.js`,
  bundle: true,
  alias: { crypto: new URL('shared/src/node_crypto.ts', import.meta.url).pathname },
  format: 'esm',
  minify: true,
  target: 'es2022',
  legalComments: 'eof',
  logLevel: 'warning',
});
for (const name of ['index.html', 'ticket.css'])
  await copyFile(new URL(name, source), `${target}/${name}`);
