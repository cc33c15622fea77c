// Builds the buyer's page into web/build, or into the folder named: static files for any host and any path.
// Names carry a digest of their contents, and the document names the digests again, for subresource integrity.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

const source = new URL('app/', import.meta.url);
const target = process.argv[2] ?? new URL('build', import.meta.url).pathname;
const { outputFiles } = await build({
  entryPoints: {
    app: new URL('src/main.tsx', source).pathname,
    style: new URL('app.css', source).pathname,
  },
  outdir: target,
  bundle: true,
  write: false,
  alias: { crypto: new URL('shared/src/node_crypto.ts', import.meta.url).pathname },
  define: { 'process.env.NODE_ENV': '"production"' },
  jsx: 'automatic',
  format: 'esm',
  minify: true,
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'eof',
  logLevel: 'warning',
});

await mkdir(target, { recursive: true });
for (const old of await readdir(target))
  if (/^app-[0-9a-f]{16}\.(?:js|css)$/.test(old)) await rm(`${target}/${old}`);
let page = await readFile(new URL('index.html', source), 'utf8');
for (const [name, ending] of [
  ['app.js', '.js'],
  ['app.css', '.css'],
]) {
  const { contents } = outputFiles.find(({ path }) => path.endsWith(ending));
  const digest = createHash('sha384').update(contents).digest();
  const file = `${name.replace(ending, '')}-${digest.toString('hex').slice(0, 16)}${ending}`;
  await writeFile(`${target}/${file}`, contents);
  page = page.replace(`"${name}"`, `"./${file}" integrity="sha384-${digest.toString('base64')}"`);
}
await writeFile(`${target}/index.html`, page);
