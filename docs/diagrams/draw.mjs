// Draws each diagram beside its source: node docs/diagrams/draw.mjs (make diagrams). The pictures are committed;
// each carries the SHA-256 of its source, so that a test sees a picture that is not of its source.
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { D2 } from '@terrastruct/d2';

const LIGHT = 0;
const DARK = 200;
const folder = new URL('.', import.meta.url);
const sources = (await readdir(folder)).filter((name) => name.endsWith('.d2')).sort();
const d2 = new D2();
for (const name of sources) {
  const text = await readFile(new URL(name, folder), 'utf8');
  const drawn = await d2.compile(text, { layout: 'dagre' });
  const svg = await d2.render(drawn.diagram, { ...drawn.renderOptions, themeID: LIGHT, darkThemeID: DARK, pad: 24 });
  const digest = createHash('sha256').update(text).digest('hex');
  const start = svg.indexOf('<svg');
  const stamped = `${svg.slice(0, start)}<!-- source ${digest} -->${svg.slice(start)}\n`;
  await writeFile(new URL(name.replace(/\.d2$/, '.svg'), folder), stamped);
  console.log(name);
}
process.exit(0); // d2's worker would keep the process
