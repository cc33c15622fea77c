// Puts the page's policy into the exported documents: inline scripts by digest, and each script and style that a document
// names by its digest too. Next writes neither into static files. Scripts that Next's own loader adds later come from
// the page's origin, without a digest, and Next's own code sets HTML as text, so trusted types cannot be asked for.
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';

const built = new URL('out/', import.meta.url);
const source = await readFile(new URL('../app/index.html', import.meta.url), 'utf8');
const [, policy] = /content="(default-src 'none'[^"]*)"/.exec(source) ?? [];
if (!policy) throw new Error('expected a policy in web/app/index.html, got none');

const digest = (algorithm, bytes) =>
  `${algorithm}-${createHash(algorithm).update(bytes).digest('base64')}`;

for (const name of await readdir(built)) {
  if (!name.endsWith('.html')) continue;
  const file = new URL(name, built);
  let page = await readFile(file, 'utf8');
  for (const [tag, path] of new Map(
    [...page.matchAll(/(?:src|href)="(\.\/_next\/[^"]+)"/g)].map(([tag, path]) => [tag, path]),
  )) {
    const contents = await readFile(new URL(path, built));
    page = page.replaceAll(tag, `${tag} integrity="${digest('sha384', contents)}"`);
  }
  const inline = [...page.matchAll(/<script(?: id="[^"]*")?>(.*?)<\/script>/gs)];
  const scripts = inline.map(([, text]) => `'${digest('sha256', text)}'`).join(' ');
  const own = policy
    .replace("script-src 'self'", `script-src 'self' ${scripts}`)
    .replace(/; require-trusted-types-for.*/, '');
  if (own === policy) throw new Error(`expected a policy that admits scripts, got ${policy}`);
  const meta = `<meta http-equiv="Content-Security-Policy" content="${own}"/>`;
  await writeFile(file, page.replace('<head>', `<head>${meta}`));
}
