// Builds the buyer's page into web/build, or into the folder named: static files for any host and any path.
//
// Names carry a digest of their contents. The document names what is loaded at once with its digest, for subresource
// integrity, and an import map does so for the parts that are loaded when they are used.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { build } from 'esbuild';

const OLD = /^app-(?:[0-9a-f]{16}|[0-9A-Z]{8})\.(?:js|css)$/;

// Of all contracts' verification keys, 2 kB each, those of accounts that the page opens or looks at.
const KEYS = ['PrepaidAccount'];
// And of the code whose hash alone is compared.
const HASHES = ['FungibleToken'];

const source = new URL('app/', import.meta.url);
const target = process.argv[2] ?? new URL('build', import.meta.url).pathname;
const { outputFiles, metafile } = await build({
  entryPoints: {
    app: new URL('src/main.tsx', source).pathname,
    style: new URL('app.css', source).pathname,
  },
  entryNames: 'app-[hash]',
  chunkNames: 'app-[hash]',
  outdir: target,
  bundle: true,
  splitting: true,
  metafile: true,
  write: false,
  alias: {
    crypto: new URL('shared/src/node_crypto.ts', import.meta.url).pathname,
    // The sources are React's, which Next builds on. Here Preact renders them, at a tenth of the size.
    react: 'preact/compat',
    'react-dom': 'preact/compat',
  },
  plugins: [{ name: 'keys', setup: keepKeys }],
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
for (const old of await readdir(target)) if (OLD.test(old)) await rm(`${target}/${old}`);
for (const { path, contents } of outputFiles)
  await writeFile(`${target}/${basename(path)}`, contents);
await writeFile(`${target}/index.html`, await document());

function keepKeys(bundle) {
  bundle.onLoad({ filter: /\/contracts\/verification_keys\.json$/ }, async ({ path }) => {
    const all = JSON.parse(await readFile(path, 'utf8'));
    const kept = Object.fromEntries([
      ...KEYS.map((name) => [name, all[name]]),
      ...HASHES.map((name) => [name, { hash: all[name].hash }]),
    ]);
    return { contents: JSON.stringify(kept), loader: 'json' };
  });
}

/** The document: script and style, what the script imports at once, and the digests of what it may import later. */
async function document() {
  const integrity = Object.fromEntries(
    outputFiles.map(({ path, contents }) => [`./${basename(path)}`, digest('sha384', contents)]),
  );
  const outputs = Object.entries(metafile.outputs);
  const [entry, { imports }] = outputs.find(([, { entryPoint }]) =>
    entryPoint?.endsWith('main.tsx'),
  );
  const style = outputs.find(([path]) => path.endsWith('.css'))[0];
  const named = (path) => `"./${basename(path)}" integrity="${integrity[`./${basename(path)}`]}"`;
  const first = imports.filter(({ kind }) => kind === 'import-statement');
  const map = JSON.stringify({ integrity });
  const page = await readFile(new URL('index.html', source), 'utf8');
  return page
    .replace("script-src 'self'", `script-src 'self' '${digest('sha256', map)}'`)
    .replace('"app.css"', named(style))
    .replace('"app.js"', named(entry))
    .replace(
      '<script type="importmap"></script>',
      [
        `<script type="importmap">${map}</script>`,
        ...first.map(({ path }) => `<link rel="modulepreload" href=${named(path)} />`),
      ].join('\n    '),
    );
}

function digest(algorithm, contents) {
  return `${algorithm}-${createHash(algorithm).update(contents).digest('base64')}`;
}
