// Reads tickets' URLs as the page does and answers with its redemptions: [[URL, INPUTS], ...] on standard input.
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const source = (name) => fileURLToPath(new URL(`../../web/ticket/src/${name}`, import.meta.url));
const built = await build({
  entryPoints: [source('ticket.ts')],
  alias: { crypto: source('no_crypto.ts') },
  bundle: true,
  format: 'esm',
  write: false,
});
const code = Buffer.from(built.outputFiles[0].contents).toString('base64');
const { parseTicket, redeem } = await import(`data:text/javascript;base64,${code}`);
const answers = [];
for (const [url, inputs] of JSON.parse(await text(process.stdin)))
  answers.push(await redeem(await parseTicket(new URL(url).hash), inputs));
process.stdout.write(JSON.stringify(answers));
